"""Searches over HTTP: submitted, claimed, and measured by hand."""

from typing import Any

import httpx

from search.contracts import Candidate, Failure
from service.domain.records import Lease
from service.searches.store import Store

SPEC = {"backbone": "tiny", "budget": {"candidates": 8}, "algorithm": {"name": "genetic", "population": 4}}
FULL = (1,) * 8


def submitted(api: httpx.Client, **changes: Any) -> str:  # noqa: ANN401 - any field of a spec
    answer = api.post("/v1/searches", json=SPEC | changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def running(api: httpx.Client, store: Store, **changes: Any) -> Lease:  # noqa: ANN401 - any field of a spec
    search_id = submitted(api, **changes)
    lease = store.leases.claim()
    assert lease is not None
    assert lease.search_id == search_id
    return lease


def measured(store: Store, lease: Lease, values: list[dict[str, float] | str]) -> None:
    for index, value in enumerate(values):
        genome = tuple(index >> bit & 1 for bit in range(8))
        store.candidates.record_ask(lease, Candidate(index, genome), index)
        store.candidates.record_tell(lease, index, Failure(value) if isinstance(value, str) else value, 2.0)
