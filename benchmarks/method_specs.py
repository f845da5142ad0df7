"""The searches that `benchmarks.methods` compares: one spec for each method, alike in everything else."""

from collections.abc import Mapping
from typing import Any

from search.spec import SearchSpec, parse_spec

BOUND = 0.75  # of the no-skip adapter model's MACs, for every method that can take a bound
CANDIDATES = 40
IPF_RATIO = 0.5  # IPF alone has no search: one keep ratio, after the image encoder
FOREGROUND = "saliency"
SIEVES = {"patch_ratios": [1.0, 0.8, 0.6, 0.4], "foreground": FOREGROUND}

LAYERS = {"granularity": "layer", "dropped": "bottleneck:24", "classifier_token": True}

METHODS: Mapping[str, dict[str, Any]] = {
    "no-skip": {"algorithm": {"name": "no-skip"}},
    "Double-Filter": {"space": SIEVES},
    "ALF alone": {},
    "IPF alone": {
        "space": {"patch_ratios": [IPF_RATIO], "foreground": FOREGROUND},
        "algorithm": {"name": "no-skip"},
    },
    "DAS published": {
        "space": LAYERS,
        "algorithm": {"name": "das", "setting": "published", "skipped": 4},
        "budget": {"macs_ratio": None},
    },
    "DAS corrected": {
        "space": LAYERS,
        "algorithm": {"name": "das", "setting": "corrected"},
    },
    "EAS": {"space": {"granularity": "attention", "dropped": "bottleneck:12"}},
    "MULTIFLOW": {"algorithm": {"name": "ranked", "score": "multiflow"}},
    "greedy": {"algorithm": {"name": "greedy"}},
    "random": {"algorithm": {"name": "random"}},
    "routing": {"space": {"modules": ["routing-adapter:8:mul"]}, "algorithm": {"name": "no-skip"}},
    "LoRA": {"space": {"modules": ["lora:8"]}, "algorithm": {"name": "no-skip"}},
    "VL-PET": {"space": {"modules": ["vl-pet:8:row"]}, "algorithm": {"name": "no-skip"}},
}
"""By name, what differs from an ALF search: the genetic algorithm over sub-layers under the bound."""

QUICK: Mapping[str, Any] = {
    "data": "shapes-small",
    "proxy": {"steps": 4, "fitness_examples": 64},
    "final": {"finalists": 1, "steps": 20},
}


def spec_of(method: str, seed: int, *, backbone: str, quick: bool = False) -> SearchSpec:
    """The search of a method on a registered backbone; only a METER has a classifier token."""
    own = METHODS[method]
    if "meter" not in backbone and own.get("space") is LAYERS:
        own = own | {"space": LAYERS | {"classifier_token": False}}
    data: dict[str, Any] = {
        "name": method.replace(" ", "-").lower(),
        "backbone": backbone,
        "seed": seed,
        "algorithm": {"name": "genetic"},
        **own,
        "budget": {"candidates": 14 if quick else CANDIDATES, "macs_ratio": BOUND} | own.get("budget", {}),
        "final": {"finalists": 1},
    }
    if quick:
        data |= QUICK
        if own.get("algorithm", {}).get("name") == "das":
            data["algorithm"] = own["algorithm"] | {"steps": 40, "warm_steps": 10}
    return parse_spec(data)
