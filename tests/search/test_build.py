"""From spec to search, and the specs that cannot be searched on a backbone."""

from pathlib import Path
from typing import Any

import pytest

from models.registry import BackboneEntry
from models.vilt_config import ViltConfig
from search.build import build_algorithm, build_space, check_spec, macs_budget
from search.contracts import Candidate, Failure
from search.spec import SearchSpec, SpecError, parse_spec
from tests.search.driving import drive
from tests.search.landscape import Landscape

ENTRY = BackboneEntry(
    name="tiny",
    path=Path("nowhere"),
    config=ViltConfig(hidden_size=16, heads=2, blocks=4, ffn_size=64, image_size=32, patch_size=8, max_text_length=8),
    answers=("yes", "no"),
)


def spec(**fields: object) -> SearchSpec:
    return parse_spec({"space": {"bottleneck": 2, "kept_bottleneck": 2}, "budget": {"candidates": 40}} | fields)


def test_the_space_has_a_gene_per_sub_layer_and_one_for_patches() -> None:
    assert build_space(spec(), ENTRY).sizes == (2,) * 8
    patched = spec(space={"bottleneck": 2, "patch_ratios": [1.0, 0.7, 0.5], "patch_after_block": 2})
    assert build_space(patched, ENTRY).sizes == (2,) * 8 + (3,)


def test_the_budget_is_a_share_a_count_or_nothing() -> None:
    space = build_space(spec(), ENTRY)
    assert macs_budget(spec(budget={"macs_ratio": 0.5, "candidates": 40}), space) == space.macs(space.full) // 2
    assert macs_budget(spec(budget={"macs": 12345, "candidates": 40}), space) == 12345
    assert macs_budget(spec(budget={"macs_ratio": None, "candidates": 40}), space) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"algorithm": {"name": "genetic", "population": 8}},
        {"algorithm": {"name": "random"}},
        {"algorithm": {"name": "random"}, "objectives": ["accuracy", "macs"]},
        {"algorithm": {"name": "nsga2", "population": 8}, "objectives": ["accuracy", "macs"]},
    ],
)
def test_every_algorithm_runs_to_its_finals(fields: dict[str, Any]) -> None:
    check_spec(spec(**fields), ENTRY)
    space = build_space(spec(**fields), ENTRY)
    landscape = Landscape(space, seed=1)
    first, second = (build_algorithm(spec(**fields), space) for _ in range(2))
    told = drive(first, landscape.measure)
    assert len(told) == 40 + 1 + 4 + 4
    assert told == drive(second, landscape.measure)
    assert told != drive(build_algorithm(spec(**fields, seed=1), space), landscape.measure)
    assert first.chosen() is not None


def test_a_search_in_which_all_fails_ends() -> None:
    algorithm = build_algorithm(spec(), build_space(spec(), ENTRY))

    def fail(_: Candidate) -> Failure:
        return Failure("out of memory")

    assert len(drive(algorithm, fail)) == 40 + 2
    assert algorithm.finished


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"space": {"patch_ratios": [0.5, 1.0], "patch_after_block": 5}}, "after_block is 5; backbone 'tiny' has 4"),
        ({"budget": {"macs": 1000, "candidates": 40}}, "asks for at most 1,000 MACs; the cheapest chromosome has"),
        ({"budget": {"macs_ratio": 0.01, "candidates": 40}}, r"no-skip adapter model [\d,]+: raise budget.macs_ratio"),
        ({"budget": {"macs_ratio": None, "candidates": 257}}, "is 257, each .* only 256 of the space's 256 are within"),
        ({"budget": {"macs_ratio": 0.5, "candidates": 250}}, r"only \d+ of the space's 256 are within the MACs budget"),
    ],
)
def test_what_cannot_be_searched_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        check_spec(spec(**{"space": {"bottleneck": 1, "kept_bottleneck": 1}} | fields), ENTRY)


def test_what_can_just_be_searched_is_accepted() -> None:
    check_spec(spec(budget={"macs_ratio": None, "candidates": 256}), ENTRY)
    check_spec(spec(space={"patch_ratios": [0.5, 1.0], "patch_after_block": 4}), ENTRY)
    check_spec(spec(space={"patch_after_block": 64, "bottleneck": 2, "kept_bottleneck": 2}), ENTRY)
