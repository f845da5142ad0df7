"""Chromosomes that a search starts from, and bounds that its space knows, from a spec to its first asks."""

from pathlib import Path

import pytest

from models.registry import BackboneEntry
from models.vilt_config import ViltConfig
from search.algorithms import search_algorithm
from search.build import build_space, check_spec, macs_budget
from search.spec import SearchSpec, SpecError, parse_spec
from tests.search.driving import asked_now

ENTRY = BackboneEntry(
    name="tiny",
    path=Path("nowhere"),
    config=ViltConfig(hidden_size=16, heads=2, blocks=4, ffn_size=64, image_size=32, patch_size=8, max_text_length=8),
    answers=("yes", "no"),
)
CHEAP, DEAR = (0, 1, 0, 0, 1, 0, 0, 0), (1,) * 7 + (0,)
SPACE = {"dropped": "bottleneck:2", "modules": ["bottleneck:2"]}


def spec(name: str = "genetic", **fields: object) -> SearchSpec:
    objectives = ["accuracy", "macs"] if name.startswith("nsga") else ["accuracy"]
    settings = {"name": name, "population": 6, "offspring": 10}
    return parse_spec(
        {"space": SPACE, "budget": {"candidates": 20}, "algorithm": settings, "objectives": objectives} | fields
    )


@pytest.mark.parametrize("name", ["genetic", "steady", "nsga2", "nsga3"])
def test_they_are_in_the_first_generation_repaired(name: str) -> None:
    asked = spec(name, first=[CHEAP, DEAR])
    check_spec(asked, ENTRY)
    space = build_space(asked, ENTRY)
    budget = macs_budget(asked, space)
    first = [each.genome for each in asked_now(search_algorithm(asked, space, budget))][:6]
    assert CHEAP in first
    assert DEAR not in first
    assert all(space.feasible(genome, budget) for genome in first)
    assert any(genome != CHEAP and all(a <= b for a, b in zip(genome, DEAR, strict=True)) for genome in first)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ([CHEAP, (0, 1)], r"first\[1\]: genome has 2 genes; space has 8"),
        ([(*CHEAP[:7], 2)], r"first\[0\]: gene 7 is 2; its choices are 0 to 1"),
    ],
)
def test_what_is_none_of_the_space_is_refused(first: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        check_spec(spec(first=first), ENTRY)


def test_parameters_are_bounded_before_anything_is_measured() -> None:
    free = build_space(spec(), ENTRY)
    most = free.parameters(free.full)
    assert most is not None
    asked = spec(budget={"candidates": 20, "macs_ratio": None, "parameters": most - 1})
    space = build_space(asked, ENTRY)
    check_spec(asked, ENTRY)
    found = [space.parameters(each.genome) for each in asked_now(search_algorithm(asked, space, None))]
    assert found
    assert all(each is not None and each < most for each in found)


def test_too_few_parameters_are_a_mistake_in_the_spec() -> None:
    with pytest.raises(SpecError, match=r"no chromosome has at most 10 parameters and .*: raise budget.parameters"):
        check_spec(spec(budget={"candidates": 20, "parameters": 10}), ENTRY)


def test_a_spec_from_before_there_were_surrogates_is_read() -> None:
    stored = {"name": "genetic", "population": 12, "elitism": 3, "tournament": 5, "crossover": 0.9, "swap": 0.5}
    assert parse_spec({"algorithm": stored | {"mutation": None, "seeds": None}}).algorithm.name == "genetic"
