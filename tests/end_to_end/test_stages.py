"""A search with every stage before its proxies, and a second one that takes over what the first one measured."""

from collections.abc import Sequence

import pytest

from search.contracts import Failure, Fidelity
from service.domain.records import StoredCandidate
from tests.end_to_end.conftest import SPEC
from tests.end_to_end.service import Service

pytestmark = pytest.mark.timeout(600)

STAGES = {
    "budget": {"candidates": 6, "macs_ratio": 0.9},
    "algorithm": {"name": "genetic", "population": 4},
    "fidelity": {"warm_steps": 20, "screen": 2, "rungs": [10], "audit": 2, "audit_steps": 40},
    "workers": 1,
}
TAKEN_OVER = (Fidelity.SCREEN, Fidelity.RUNG_1, Fidelity.PROXY, Fidelity.AUDIT)


def accuracy(row: StoredCandidate) -> float:
    assert row.outcome is not None
    assert not isinstance(row.outcome, Failure)
    return row.outcome["accuracy"]


def accuracies(rows: Sequence[StoredCandidate]) -> dict[object, object]:
    """By candidate, of what a later search may take over."""
    return {each.candidate: accuracy(each) for each in rows if each.candidate.fidelity in TAKEN_OVER}


def test_nothing_is_computed_twice(service: Service) -> None:
    first = service.submit(SPEC | STAGES)
    assert service.request("PATCH", f"/searches/{first}", json={"workers": 2}).json()["workers"] == 2
    view = service.ended(first)
    assert view["status"] == "succeeded", f"{view['error']}\n{service.logs()}"
    stages = view["progress"]["stages"]
    assert list(stages)[:5] == ["warm", "screen", "rung-1", "proxy", "audit"]
    assert stages["screen"]["told"] > stages["rung-1"]["told"] > stages["proxy"]["told"] == 6
    assert view["progress"]["failures"] == view["progress"]["reused"] == 0

    second = service.submit(SPEC | STAGES | {"reuse": True})
    again = service.ended(second)
    assert again["status"] == "succeeded", f"{again['error']}\n{service.logs()}"
    rows = service.history(second)
    assert {each.candidate.fidelity for each in rows if each.reused_from == first} == set(TAKEN_OVER)
    assert all((each.reused_from == first) == (each.candidate.fidelity in TAKEN_OVER) for each in rows)
    assert accuracies(rows) == accuracies(service.history(first))
    assert again["chosen"] == view["chosen"]
