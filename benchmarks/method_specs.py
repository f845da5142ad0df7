"""The searches that `benchmarks.methods` compares: one spec for each method, alike in everything else.

Three rows are less than the method they come from. "EAS genes, GA" has EAS's granularity (attentions alone may go) with
plain bottlenecks in their place and our genetic algorithm, not EAS's adapters or its search. "MULTIFLOW ranking" takes
the mean of MULTIFLOW's layer scores over each sub-layer and drops the least per MAC; the published method prunes
weights. "Double-Filter (both sieves)" has a saliency map for foreground where the published one has an object detector.
"""

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
    "Double-Filter (both sieves)": {"name": "double-filter", "space": SIEVES},
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
    "EAS genes, GA": {"name": "eas", "space": {"granularity": "attention", "dropped": "bottleneck:12"}},
    "MULTIFLOW ranking": {"name": "multiflow", "algorithm": {"name": "ranked", "score": "multiflow"}},
    "greedy": {"algorithm": {"name": "greedy"}},
    "random": {"algorithm": {"name": "random"}},
    "steady": {"algorithm": {"name": "steady"}},
    "ALF with warm start": {"fidelity": {"warm_steps": 200}},
    "ALF with warm start and screen": {"fidelity": {"warm_steps": 200, "screen": 8}},
    "random with warm start": {"algorithm": {"name": "random"}, "fidelity": {"warm_steps": 200}},
    "routing": {"space": {"modules": ["routing-adapter:8:mul"]}, "algorithm": {"name": "no-skip"}},
    "LoRA": {"space": {"modules": ["lora:8"]}, "algorithm": {"name": "no-skip"}},
    "VL-PET": {"space": {"modules": ["vl-pet:8:row"]}, "algorithm": {"name": "no-skip"}},
}
"""By row, what differs from an ALF search: the genetic algorithm over sub-layers under the bound.

A row's own `name` keeps its spec, and with it what was measured of it, whatever the row is called.
"""

BOUNDED = tuple(
    name for name in METHODS if name.startswith(("Double", "ALF", "DAS c", "EAS", "MULTI", "greedy", "rand", "steady"))
)
"""The rows that a bound on MACs changes."""

CAPTION = (
    "Foreground is a saliency map; EAS genes: its granularity, with plain bottlenecks and our genetic algorithm; "
    "MULTIFLOW ranking: its layer scores, mean over a sub-layer, dropped per MAC."
)

QUICK: Mapping[str, Any] = {
    "data": "shapes-small",
    "proxy": {"steps": 4, "fitness_examples": 64},
    "final": {"finalists": 1, "steps": 20},
}


def spec_of(method: str, seed: int, *, backbone: str, bound: float = BOUND, quick: bool = False) -> SearchSpec:
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
        "budget": {"candidates": 14 if quick else CANDIDATES, "macs_ratio": bound} | own.get("budget", {}),
        "final": {"finalists": 1},
    }
    if quick:
        data |= QUICK
        if own.get("algorithm", {}).get("name") == "das":
            data["algorithm"] = own["algorithm"] | {"steps": 40, "warm_steps": 10}
    return parse_spec(data)
