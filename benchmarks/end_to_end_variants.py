"""What is compared: the same search before and after, and after with less work for the same end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BEFORE, SAME, EQUAL = "before", "after: same spec", "after: fidelities, equal evaluations"
SHARES = (2, 4)  # of the evaluations of the other variants, as 1 / share
MARGIN = 0.005  # accuracy by which a smaller search may fall short of the one before and still count as equal

FULL: Mapping[str, Any] = {"backbone": "shapes-vilt", "data": "shapes", "workers": 2}
QUICK: Mapping[str, Any] = {
    "backbone": "shapes-vilt",
    "data": "shapes-small",
    "workers": 2,
    "algorithm": {"name": "random"},
    "proxy": {"steps": 2, "fitness_examples": 32},
    "final": {"steps": 4, "finalists": 1},
}
FIDELITIES: Mapping[str, Any] = {"warm_steps": 300, "screen": 4, "screen_examples": 128, "rungs": [3], "keep": 0.5}
QUICK_FIDELITIES: Mapping[str, Any] = {"warm_steps": 4, "screen": 2, "screen_examples": 32, "rungs": [1], "keep": 0.5}
NO_AUDIT: Mapping[str, Any] = {"audit": 0}  # nothing that the tree before does not do as well


@dataclass(frozen=True, slots=True)
class Variant:
    """A search and the tree it runs in."""

    name: str
    before: bool
    spec: Mapping[str, Any]


def variants(*, quick: bool, seed: int) -> Sequence[Variant]:
    """In the order of the table; all of one call have the same seed.

    What is new and costs time without making the search faster, the audit of its fidelities, is off.
    """
    candidates = 4 if quick else 84
    base = {**(QUICK if quick else FULL), "seed": seed, "budget": {"candidates": candidates}}
    more = {**NO_AUDIT, **(QUICK_FIDELITIES if quick else FIDELITIES)}
    fewer = [
        Variant(_fewer(share), False, base | {"fidelity": more, "budget": {"candidates": max(2, candidates // share)}})
        for share in (() if quick else SHARES)
    ]
    return (
        Variant(BEFORE, True, base),
        Variant(SAME, False, base | {"fidelity": dict(NO_AUDIT)}),
        Variant(EQUAL, False, base | {"fidelity": more}),
        *fewer,
    )


def _fewer(share: int) -> str:
    return f"after: fidelities, 1/{share} of the evaluations"
