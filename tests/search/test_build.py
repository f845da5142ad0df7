"""From spec to search, and the specs that cannot be searched on a backbone."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.registry import BackboneEntry
from models.vilt_config import ViltConfig
from search.build import build_algorithm, build_space, check_spec, macs_budget
from search.contracts import Candidate, Failure, Fidelity
from search.spec import SearchSpec, SpecError, parse_spec
from tests.search.driving import drive
from tests.search.landscape import Landscape

ENTRY = BackboneEntry(
    name="tiny",
    path=Path("nowhere"),
    config=ViltConfig(hidden_size=16, heads=2, blocks=4, ffn_size=64, image_size=32, patch_size=8, max_text_length=8),
    answers=("yes", "no"),
)


LAYERS = {"granularity": "layer", "dropped": "bottleneck:4"}
PUBLISHED = {"name": "das", "setting": "published", "skipped": 2}
ADAPTERS = {"dropped": "bottleneck:2", "modules": ["bottleneck:2"]}


def spec(**fields: object) -> SearchSpec:
    return parse_spec({"space": ADAPTERS, "budget": {"candidates": 40}} | fields)


def test_the_space_has_a_gene_per_sub_layer_and_one_for_patches() -> None:
    assert build_space(spec(), ENTRY).sizes == (2,) * 8
    patched = spec(space=ADAPTERS | {"patch_ratios": [1.0, 0.7, 0.5], "patch_places": [2]})
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
        {"algorithm": {"name": "nsga3", "population": 8}, "objectives": ["accuracy", "latency_ms", "peak_memory_mb"]},
    ],
)
def test_every_algorithm_runs_to_its_finals(fields: dict[str, Any]) -> None:
    check_spec(spec(**fields), ENTRY)
    space = build_space(spec(**fields), ENTRY)
    landscape = Landscape(space, seed=1)
    first, second = (build_algorithm(spec(**fields), space) for _ in range(2))
    told = drive(first, landscape.measure)
    assert len(told) == 40 + 12 + 1 + 4 + 4
    assert told == drive(second, landscape.measure)
    assert told != drive(build_algorithm(spec(**fields, seed=1), space), landscape.measure)
    assert first.chosen() is not None


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"algorithm": {"name": "genetic", "population": 8, "seeds": "multiflow"}}, 1 + 40 + 12 + 1 + 4 + 4),
        ({"algorithm": {"name": "ranked"}}, 1 + 1 + 2 + 2),
        ({"algorithm": {"name": "das"}, "space": LAYERS}, 1 + 1 + 2 + 2),
        ({"algorithm": PUBLISHED, "space": LAYERS, "budget": {"macs_ratio": None}}, 1 + 1 + 2 + 2),
        ({"algorithm": {"name": "no-skip"}}, 1 + 1 + 1),
    ],
)
def test_probes_and_baselines_run_to_their_finals(fields: dict[str, Any], asked: int) -> None:
    check_spec(spec(**fields), ENTRY)
    space = build_space(spec(**fields), ENTRY)
    algorithm = build_algorithm(spec(**fields), space)
    assert len(drive(algorithm, Landscape(space, seed=1).measure)) == asked
    assert algorithm.chosen() is not None


def test_a_cascade_runs_to_its_finals() -> None:
    fields = {
        "algorithm": {"name": "genetic", "population": 8, "seeds": "multiflow"},
        "budget": {"candidates": 12, "macs_ratio": 0.9},
        "fidelity": {"warm_steps": 9, "screen": 3, "rungs": [2, 5], "audit": 4},
    }
    check_spec(spec(**fields), ENTRY)
    space = build_space(spec(**fields), ENTRY)
    algorithm = build_algorithm(spec(**fields), space)
    told = drive(algorithm, Landscape(space, seed=1).measure)
    assert Counter(str(each.fidelity) for each, _ in told) == {
        "warm": 1,
        "probe": 1,
        "screen": 144,
        "rung-1": 48,
        "rung-2": 24,
        "proxy": 12,
        "audit": 4,
        "plain": 1,
        "final": 4,
        "test": 4,
    }
    assert [each.index for each, _ in told] == list(range(len(told)))
    assert algorithm.chosen() is not None


@pytest.mark.parametrize("name", ["greedy", "ranked"])
def test_a_budget_that_holds_already_chooses_the_no_skip_model(name: str) -> None:
    loose = spec(algorithm={"name": name}, budget={"macs_ratio": 1.0})
    space = build_space(loose, ENTRY)
    algorithm = build_algorithm(loose, space)
    drive(algorithm, Landscape(space, seed=1).measure)
    chosen = algorithm.chosen()
    assert chosen is not None
    assert (chosen.genome, chosen.fidelity) == (space.full, Fidelity.FINAL)


@pytest.mark.parametrize(
    ("heads", "task", "score", "refused"),
    [
        ((), "nlvr2", "spt", True),
        (("itm", "vqa"), "nlvr2", "skip", True),
        (("itm", "nlvr2"), "nlvr2", "adapeft", False),
        ((), "nlvr2", "multiflow", False),
        (None, "nlvr2", "spt", False),  # the worker finds out
        (("itm",), "retrieval", "spt", False),
        (("vqa",), "vqa", "spt", True),  # its answers are not those of the data
        (None, "vqa", "spt", True),
    ],
)
@pytest.mark.parametrize("by", ["ranked", "genetic"])
def test_a_score_that_asks_a_head_needs_a_trained_one(
    heads: tuple[str, ...] | None, task: str, score: str, refused: bool, by: str
) -> None:
    algorithm = {"name": by, "score": score} if by == "ranked" else {"name": by, "seeds": score}
    asked, entry = spec(algorithm=algorithm, task=task), replace(ENTRY, heads=heads)
    if not refused:
        check_spec(asked, entry)
        return
    with pytest.raises(SpecError, match=f"score '{score}' asks a trained head for {task}.*'multiflow' or 'residual'"):
        check_spec(asked, entry)


def test_greedy_needs_no_more_candidates_than_it_can_use() -> None:
    greedy = spec(algorithm={"name": "greedy"}, budget={"candidates": 5000})
    check_spec(greedy, ENTRY)
    space = build_space(greedy, ENTRY)
    algorithm = build_algorithm(greedy, space)
    asked = [each for each, _ in drive(algorithm, Landscape(space, seed=1).measure) if each.fidelity is Fidelity.PROXY]
    assert 8 <= len(asked) <= 8 + 7 + 6 + 5


def test_a_search_in_which_all_fails_ends() -> None:
    algorithm = build_algorithm(spec(), build_space(spec(), ENTRY))

    def fail(_: Candidate) -> Failure:
        return Failure("out of memory")

    assert len(drive(algorithm, fail)) == 40 + 2
    assert algorithm.finished


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"space": {"patch_ratios": [0.5, 1.0], "patch_places": [1, 4]}},
            "has 4; in backbone 'tiny' the last place is after 3",
        ),
        ({"space": {"classifier_token": True}}, "is for METER; backbone 'tiny' has one stack"),
        (
            {"space": LAYERS, "budget": {"macs_ratio": None}, "algorithm": PUBLISHED | {"skipped": 4}},
            "skipped is 4 and the space has 4 layers: that gives 1 skip sets",
        ),
        ({"space": {"stacks": ["text"]}}, "space.stacks: the backbone has no stack 'text'; it has block"),
        ({"budget": {"macs": 1000, "candidates": 40}}, "asks for at most 1,000 MACs; the cheapest chromosome has"),
        ({"budget": {"macs_ratio": 0.01, "candidates": 40}}, r"no-skip adapter model [\d,]+: raise budget.macs_ratio"),
        ({"budget": {"macs_ratio": None, "candidates": 257}}, "is 257, each .* only 256 of the space's 256 are within"),
        (
            {"budget": {"macs_ratio": None, "candidates": 100}, "fidelity": {"warm_steps": 9, "screen": 3}},
            "candidates is 100 of 300 that are screened or started, each .* only 256 of",
        ),
        ({"budget": {"macs_ratio": 0.5, "candidates": 250}}, r"only \d+ of the space's 256 are within the MACs budget"),
    ],
)
def test_what_cannot_be_searched_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        check_spec(spec(**{"space": {"dropped": "bottleneck:1", "modules": ["bottleneck:1"]}} | fields), ENTRY)


def test_what_can_just_be_searched_is_accepted() -> None:
    check_spec(spec(budget={"macs_ratio": None, "candidates": 256}), ENTRY)
    check_spec(spec(space={"patch_ratios": [0.5, 1.0], "patch_places": [3]}), ENTRY)
