"""What a space spec may say, and what contradicts itself."""

import pytest
from pydantic import ValidationError

from models.architecture import PatchMode
from search.space_spec import SpaceSpec


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dropped": "adapter"}, "a module is written kind:size"),
        ({"dropped": "nothing:4"}, "no module is called 'nothing'"),
        ({"dropped": "lora:4"}, "a module 'lora' needs its sub-layer"),
        ({"dropped": "none"}, "a module is written kind:size"),
        ({"modules": ["identity"]}, "a module is written kind:size"),
        ({"modules": []}, "at least 1 item"),
        ({"modules": ["bottleneck:08", "bottleneck:8"]}, "modules repeats a value: bottleneck:8, bottleneck:8"),
        ({"stacks": ["text", "text"]}, "stacks repeats a value: text, text"),
        ({"granularity": "none", "patch_ratios": [0.5]}, "'none' leaves nothing to vary"),
        ({"patch_ratios": [0.5, 0.5]}, "patch_ratios repeats a value: 0.5, 0.5"),
        ({"patch_ratios": [0.5], "patch_places": [1, 1]}, "patch_places repeats a value: 1, 1"),
        ({"patch_ratios": [0.0]}, "greater than 0"),
        ({"patch_places": [2]}, "patch_places has no effect without patch_ratios"),
        ({"patch_mode": "ipf"}, "patch_mode 'ipf' needs to know the foreground, and nobody says what it is"),
        ({"patch_mode": "foreground-only"}, "use 'score-only' or 'random'"),
        (
            {"granularity": "layer", "stacks": ["text", "vision"]},
            "'layer' is for fusion layers, and stacks names vision",
        ),
        (
            {"granularity": "attention", "stacks": ["language"]},
            "stacks names language; leave that out or use 'sub-layer'",
        ),
        (
            {
                "patch_ratios": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
                "patch_places": list(range(10)),
                "modules": ["bottleneck:1", "bottleneck:2", "bottleneck:3"],
            },
            "give 270 combinations; at most 256",
        ),
        ({"foreground": "../boxes"}, "String should match pattern"),
        ({"bottleneck": 8}, "Extra inputs are not permitted"),
    ],
)
def test_contradictions_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SpaceSpec.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ({}, PatchMode.SCORE_ONLY),
        ({"patch_mode": "random"}, PatchMode.RANDOM),
        ({"foreground": "none"}, PatchMode.SCORE_ONLY),
        ({"foreground": "saliency"}, PatchMode.IPF),
        ({"foreground": "saliency", "patch_mode": "score-only"}, PatchMode.SCORE_ONLY),
        ({"foreground": "saliency", "patch_mode": "foreground-only"}, PatchMode.FOREGROUND_ONLY),
    ],
)
def test_only_a_named_foreground_makes_it_ipf(fields: dict[str, object], mode: PatchMode) -> None:
    spec = SpaceSpec.model_validate(fields)
    assert spec.patch_mode is mode
    assert SpaceSpec.model_validate(spec.model_dump(mode="json")) == spec


def test_modules_are_written_one_way() -> None:
    spec = SpaceSpec.model_validate({"dropped": "bottleneck:016", "modules": ["none", "bottleneck:04"]})
    assert (spec.dropped, spec.modules) == ("bottleneck:16", ("none", "bottleneck:4"))
