.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := $(VENV)/.peers

.PHONY: help demo test lint audit bench serve clean

help: ## Show what there is to do
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

demo: $(READY) ## Serve, search a small world over REST, show what was found (about five minutes)
	$(BIN)/twinsieve demo

test: lint ## Run the whole suite
	$(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist loadscope --no-loadscope-reorder

lint: $(READY) ## Check style, types, the arrows between the folders, and that no secret lies about
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	.ci/secrets

audit: $(READY) ## Ask whether a package that the images pin is known to be vulnerable (network)
	$(BIN)/python .ci/audit

$(PEERS): $(READY)
	$(BIN)/pip install --quiet --editable '.[dev,bench]'
	touch $@

bench: $(PEERS) ## Measure again what README claims, quickly, beside other systems
	$(BIN)/python -m benchmarks.world --quick
	$(BIN)/python -m benchmarks.fidelity --quick
	$(BIN)/python -m benchmarks.demo --quick
	$(BIN)/python -m benchmarks.methods --quick
	$(BIN)/python -m benchmarks.costs --quick
	$(BIN)/python -m benchmarks.real_size --quick
	$(BIN)/python -m benchmarks.scoring --quick
	$(BIN)/python -m benchmarks.orchestration --quick
	$(BIN)/python -m benchmarks.quality --quick
	$(BIN)/python -m benchmarks.scale --quick
	$(BIN)/python -m benchmarks.end_to_end --quick
	$(BIN)/python -m benchmarks.load --quick

serve: $(READY) ## Serve on http://127.0.0.1:8321
	$(BIN)/twinsieve serve

clean: ## Remove the environment and what tools left; searches in var/ stay
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
