"""Which parts of a spec contradict each other, and that every spec survives being stored."""

from typing import Any

import pytest

from search.spec import SearchSpec, SpecError, parse_spec

LAYERS = {"granularity": "layer"}
PUBLISHED = {"name": "das", "setting": "published", "skipped": 4}
UNBOUNDED = {"macs_ratio": None}
BOTH = ["accuracy", "macs"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"objectives": ["macs"]}, "must contain 'accuracy'"),
        ({"objectives": BOTH}, "'genetic' optimises accuracy alone, not 2 objectives"),
        ({"objectives": BOTH, "algorithm": {"name": "greedy"}}, "'greedy' optimises accuracy alone"),
        ({"objectives": BOTH, "algorithm": {"name": "ranked"}}, "'ranked' optimises accuracy alone"),
        ({"objectives": BOTH, "algorithm": {"name": "das"}, "space": LAYERS}, "'das' optimises accuracy alone"),
        ({"objectives": BOTH, "algorithm": {"name": "steady"}}, "'steady' .* alone, not 2 objectives; use 'nsga2' or"),
        ({"algorithm": {"name": "nsga2"}}, "needs at least two objectives"),
        ({"algorithm": {"name": "nsga3"}}, "'nsga3' needs at least two objectives"),
        ({"algorithm": {"name": "steady", "population": 85}}, "a population of 85 is more than budget.candidates"),
        ({"algorithm": {"name": "steady", "surrogate": "oracle"}}, "algorithm.steady.surrogate: Input should be"),
        (
            {"algorithm": {"name": "greedy"}, "budget": {"latency_ms": 5}},
            "'greedy' keeps bounds on MACs and parameters alone, not budget.latency_ms; use 'genetic'",
        ),
        ({"algorithm": {"name": "random"}, "first": [[1]]}, "'random' has no first generation"),
        ({"first": [[1]] * 8}, "first has 8 chromosomes; a population of 8 has room for 7"),
        ({"algorithm": {"name": "genetic", "population": 100}}, "a population of 100 is more than budget.candidates"),
        ({"algorithm": {"name": "genetic", "seeds": "gradnorm"}}, "algorithm.genetic.seeds: Input should be"),
        ({"algorithm": {"name": "das"}}, "not what granularity 'sub-layer' says; set space.granularity to 'layer'"),
        ({"algorithm": PUBLISHED, "space": LAYERS}, "skips a count of layers, not MACs; set budget.macs_ratio to null"),
        (
            {"algorithm": {"name": "das"}, "space": LAYERS, "budget": UNBOUNDED},
            "'das' drops layers until a MACs budget",
        ),
        ({"algorithm": {"name": "ranked"}, "budget": UNBOUNDED}, "'ranked' drops layers until a MACs budget holds"),
        ({"algorithm": {"name": "greedy"}, "budget": UNBOUNDED}, "give budget.macs_ratio or budget.macs"),
        (
            {"algorithm": {"name": "das"}, "space": LAYERS | {"modules": ["none", "bottleneck:8"]}},
            "'das' decides about layers alone; give one value in space.modules",
        ),
        (
            {"algorithm": {"name": "das"}, "space": LAYERS | {"patch_ratios": [1.0, 0.5]}},
            "give one value in space.patch_ratios",
        ),
        ({"algorithm": {"name": "das", "setting": "published"}}, "skips a count of layers; give skipped"),
        ({"algorithm": {"name": "das", "skipped": 4}}, "'corrected' skips layers until the MACs budget holds"),
        ({"algorithm": {"name": "das", "steps": 105}}, "105 steps end before the first update, after warm_steps 100"),
        ({"budget": {"macs": 5, "macs_ratio": 0.5}}, "two ways to say one bound"),
        ({"precision": "float16"}, r"precision: Input should be 'float32' or 'bfloat16' \(got 'float16'\)"),
    ],
)
def test_contradictions_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_spec(fields)


@pytest.mark.parametrize(
    ("fields", "evaluations"),
    [
        ({}, 84),
        ({"budget": {"macs": 1000, "candidates": 50}}, 50),
        ({"algorithm": {"name": "genetic", "seeds": "residual"}}, 84),
        ({"algorithm": {"name": "nsga2"}, "objectives": BOTH}, 84),
        ({"algorithm": {"name": "nsga3"}, "objectives": [*BOTH, "parameters", "latency_ms", "peak_memory_mb"]}, 84),
        ({"algorithm": {"name": "steady", "surrogate": None}, "first": [[0, 1], [1, 1]]}, 84),
        ({"algorithm": {"name": "genetic", "population": 12, "elitism": 3, "tournament": 5, "crossover": 0.9}}, 84),
        ({"algorithm": {"name": "random"}, "objectives": BOTH}, 84),
        ({"algorithm": {"name": "greedy"}}, 84),
        ({"algorithm": {"name": "ranked", "score": "spt"}}, 0),
        ({"algorithm": {"name": "das"}, "space": LAYERS}, 0),
        ({"algorithm": PUBLISHED, "space": LAYERS | {"patch_ratios": [0.5]}, "budget": UNBOUNDED}, 0),
        ({"algorithm": {"name": "no-skip"}, "objectives": BOTH}, 0),
    ],
)
def test_what_is_stored_is_read_back(fields: dict[str, Any], evaluations: int) -> None:
    spec = parse_spec(fields)
    assert spec.evaluations == evaluations
    assert parse_spec(spec.model_dump(mode="json")) == spec


def test_the_schema_says_what_each_setting_means() -> None:
    schema = SearchSpec.model_json_schema()["$defs"]
    for name in ("SpaceSpec", "DasSpec"):
        undescribed = [
            key for key, each in schema[name]["properties"].items() if not ({"description", "const"} & set(each))
        ]
        assert undescribed == []


def test_a_spec_that_was_stored_before_there_were_precisions_means_float32() -> None:
    stored = SearchSpec().model_dump(mode="json")
    assert stored.pop("precision") == "float32"
    assert parse_spec(stored) == SearchSpec() != parse_spec({"precision": "bfloat16"})
