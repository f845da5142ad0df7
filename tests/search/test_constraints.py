"""Bounds: no winner lies beyond one, whatever the algorithm; and what is known before is kept before."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.architecture import Architecture
from search.budget_spec import BudgetSpec
from search.constraints import Bounds
from search.contracts import Candidate, Outcome
from search.space import SearchSpace
from search.space_spec import SpaceSpec
from tests.search.algorithms import SAMPLING, build
from tests.search.driving import drive
from tests.search.landscape import Landscape, made_up_macs, made_up_space, sub_layers

SPACE = made_up_space(blocks=4)
LANDSCAPE = Landscape(SPACE, seed=4)
BOUNDED_BY = st.fixed_dictionaries(
    {},
    optional={
        "latency_ms": st.floats(2.5, 9.0),
        "peak_memory_mb": st.floats(51.0, 90.0),
        "accuracy": st.floats(0.3, 0.75),
        "parameters": st.integers(2000, 7000),
    },
)


def test_violations_add_up_as_shares() -> None:
    bounds = Bounds.of(BudgetSpec(latency_ms=10.0, accuracy=0.5, parameters=100, macs_ratio=None), macs=1000)
    assert bounds.violation({"accuracy": 0.5, "macs": 1000, "latency_ms": 10.0, "parameters": 100}) == 0
    beyond = {"accuracy": 0.25, "macs": 2000, "latency_ms": 11.0, "parameters": 150}
    assert bounds.violation(beyond) == pytest.approx(0.5 + 1.0 + 0.1 + 0.5)
    assert bounds.violation({"accuracy": 0.75, "latency_ms": 5.0}) == 0
    assert set(bounds.measured) == {"accuracy", "latency_ms"}


@pytest.mark.parametrize("name", SAMPLING)
@settings(max_examples=4, deadline=None)
@given(limits=BOUNDED_BY, seed=st.integers(0, 99))
def test_nobody_beyond_a_bound_wins(name: str, limits: dict[str, float], seed: int) -> None:
    algorithm = build(name, SPACE, budget=None, candidates=24, seed=seed, limits=limits)
    told = drive(algorithm, LANDSCAPE.measure)
    bounds = Bounds({key: float(limit) for key, limit in limits.items()})
    feasible = [each for each, found in told if isinstance(found, dict) and not bounds.violation(found)]
    winners = [*algorithm.front(), *algorithm.best(24)]
    assert {each.genome for each in winners} <= {each.genome for each in feasible}
    assert bool(winners) == any("accuracy" in found for each, found in told if each in feasible)  # type: ignore[operator]  # no failures here


@pytest.mark.parametrize("name", [name for name in SAMPLING if not name.startswith("random")])
def test_a_bound_that_is_only_measured_is_learnt(name: str) -> None:
    space = made_up_space(blocks=8)
    landscape = Landscape(space, seed=2)
    algorithm = build(name, space, budget=None, candidates=72, limits={"latency_ms": 8.0})
    told = [found for each, found in drive(algorithm, landscape.measure) if each.index > 0]
    kept = [float(found["latency_ms"]) <= 8.0 for found in told if isinstance(found, dict) and "latency_ms" in found]
    assert sum(kept[-24:]) > sum(kept[:8]) / 8 * 24 or sum(kept[-24:]) > 16


@pytest.mark.parametrize("name", SAMPLING)
def test_a_bounded_cost_that_was_not_measured_is_refused(name: str) -> None:
    algorithm = build(name, SPACE, budget=None, limits={"latency_ms": 5.0})

    def incomplete(candidate: Candidate) -> Outcome:
        found = LANDSCAPE.measure(candidate)
        return {key: value for key, value in found.items() if key != "latency_ms"}

    with pytest.raises(ValueError, match="measured without 'latency_ms', which is bounded"):
        drive(algorithm, incomplete)


@pytest.mark.parametrize("name", SAMPLING)
def test_an_endless_latency_is_a_failure(name: str) -> None:
    algorithm = build(name, SPACE, budget=None, candidates=10, limits={"latency_ms": 50.0})
    drive(algorithm, lambda candidate: LANDSCAPE.measure(candidate) | {"latency_ms": float("nan")})  # type: ignore[operator]  # a dict here
    assert not algorithm.best(3)


def parameters(architecture: Architecture) -> int:
    layers = zip(sub_layers(4), architecture.choices, strict=True)
    return 100 + sum(50 + 30 * layer.block for layer, choice in layers if choice.keep)


def space_with(most: int | None, **spec: Any) -> SearchSpace:  # noqa: ANN401  # any field of a space's spec
    made = SpaceSpec.model_validate(spec)
    return SearchSpace(sub_layers(4), made, made_up_macs, patch_places=4, parameters=parameters, most_parameters=most)


@settings(max_examples=40, deadline=None)
@given(st.integers(100, 1000), st.one_of(st.none(), st.floats(0.3, 1.0)), st.integers(0, 99))
def test_parameters_are_kept_before_anything_is_measured(most: int, ratio: float | None, seed: int) -> None:
    space, rng = space_with(most, patch_ratios=[1.0, 0.5]), random.Random(seed)
    budget = None if ratio is None else round(ratio * space.macs(space.full))
    genome = tuple(rng.randrange(size) for size in space.sizes)
    repaired = space.repair(genome, budget, rng)
    assert parameters(space.decode(repaired)) <= most
    assert budget is None or space.macs(repaired) <= budget
    assert repaired == genome or not space.feasible(genome, budget)
    within = set(space.within(budget))
    assert repaired in within
    assert all(space.feasible(each, budget) for each in within)
    everything = set(space_with(None, patch_ratios=[1.0, 0.5]).within(None))
    assert within == {each for each in everything if space.feasible(each, budget)}


def test_too_few_parameters_for_anything_are_named() -> None:
    with pytest.raises(
        ValueError, match="no chromosome has at most 99 parameters; the one with the fewest MACs has 100"
    ):
        space_with(99).repair(space_with(99).full, None, random.Random(0))


@settings(deadline=None)
@given(st.tuples(*(st.integers(0, 1) for _ in range(8))))
def test_a_sketch_costs_the_same_where_costs_add_up(genome: tuple[int, ...]) -> None:
    space = space_with(None)
    assert space.sketch.macs(genome) == space.macs(genome)
    assert space.sketch.parameters(genome) == space.parameters(genome) == parameters(space.decode(genome))
