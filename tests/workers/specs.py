"""A search small enough to be scored in a test."""

import torch

from search.contracts import Candidate, Failure, Outcome
from search.spec import SearchSpec, parse_spec
from workers.scorer import Scorer

CPU = torch.device("cpu")
SMALL = {
    "data": "shapes-small",
    "space": {"dropped": "bottleneck:4", "modules": ["bottleneck:4"]},
    "budget": {"candidates": 8},
    "algorithm": {"name": "random"},
    "proxy": {"steps": 4, "batch_size": 8, "fitness_examples": 64},
    "final": {"steps": 4, "batch_size": 8},
}


def small_spec(**changes: object) -> SearchSpec:
    return parse_spec(SMALL | changes)


def alone(scorer: Scorer, candidate: Candidate) -> Outcome:
    """The outcome of a candidate that shares its pass with nobody."""
    (outcome,) = scorer.measure([candidate])
    return outcome


def without_time(outcome: Outcome) -> dict[str, float]:
    """A measurement without what a clock says."""
    assert not isinstance(outcome, Failure)
    return {name: value for name, value in outcome.items() if name != "seconds" and not name.endswith("_ms")}
