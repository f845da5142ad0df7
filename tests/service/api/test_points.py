"""Plots get what they need of many candidates in few answers."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.contracts import Candidate, Failure, Fidelity
from service.api.points import written
from service.api.services import Services
from service.domain.records import Lease
from tests.service.asking import FULL, measured, running


def points(api: httpx.Client, lease: Lease, **query: int) -> dict[str, Any]:
    answer = api.get(f"/v1/searches/{lease.search_id}/points", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_page_is_columns_in_the_order_of_the_tells(api: httpx.Client, services: Services) -> None:
    lease, store = running(api, services.store, budget={"candidates": 8, "macs": 10**9}), services.store.candidates
    for index, fidelity in enumerate((Fidelity.SCREEN, Fidelity.PROXY, Fidelity.PROXY)):
        store.record_ask(lease, Candidate(index, (index % 2, *FULL[1:]), fidelity), 0)
    store.record_tell(lease, 1, Failure("diverged at step 3"), 0.5)
    store.record_tell(lease, 2, {"accuracy": 0.5, "macs": 2e9, "latency_ms": 7.5}, 2.0)
    store.record_tell(lease, 0, {"accuracy": 0.75, "macs": 5e8, "parameters": 1e6}, 1.0, reused_from="0" * 26)
    page = points(api, lease)
    told_at = page.pop("told_at")
    assert len(told_at) == 3
    assert page == {
        "index": [1, 2, 0],
        "fidelity": ["proxy", "proxy", "screen"],
        "told_order": [0, 1, 2],
        "genome": ["11111111", "01111111", "01111111"],
        "accuracy": [None, 0.5, 0.75],
        "macs": [None, 2e9, 5e8],
        "parameters": [None, None, 1e6],
        "latency_ms": [None, 7.5, None],
        "peak_memory_mb": [None, None, None],
        "seconds": [0.5, 2.0, 1.0],
        "within": [None, False, True],
        "failure": ["diverged", None, None],
        "reused": [False, False, True],
        "next": None,
    }


def test_pages_follow_each_other_while_more_is_told(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store)
    measured(services.store, lease, [{"accuracy": 0.1, "macs": 1.0} for _ in range(5)])
    first = points(api, lease, limit=3)
    assert first["index"] == [0, 1, 2]
    assert first["next"] == 2
    second = points(api, lease, after=2, limit=3)
    assert second["index"] == [3, 4]
    assert second["next"] is None
    assert points(api, lease, after=4)["index"] == []
    services.store.candidates.record_ask(lease, Candidate(5, FULL), 5)
    assert points(api, lease, after=4)["index"] == []  # asked and not told
    services.store.candidates.record_tell(lease, 5, Failure("out of memory"))
    assert points(api, lease, after=4)["index"] == [5]


def test_a_search_whose_backbone_is_gone_still_has_its_points(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store)
    measured(services.store, lease, [{"accuracy": 0.1, "macs": 1e18}])
    (services.registry.get("tiny").path / "config.json").unlink()
    assert points(api, lease)["within"] == [True]  # no bound is known


@pytest.mark.parametrize(("query", "status"), [({"limit": 0}, 422), ({"limit": 5001}, 422), ({"after": -2}, 422)])
def test_bounds_of_the_question(api: httpx.Client, services: Services, query: dict[str, int], status: int) -> None:
    lease = running(api, services.store)
    assert api.get(f"/v1/searches/{lease.search_id}/points", params=query).status_code == status


def test_an_unknown_search_has_none(api: httpx.Client) -> None:
    assert api.get(f"/v1/searches/{'0' * 26}/points").status_code == 404


@pytest.mark.parametrize(("genome", "word"), [((), ""), ((1, 0, 9), "109"), ((1, 0, 10), "1,0,10,"), ((12,), "12,")])
def test_a_genome_is_one_word(genome: tuple[int, ...], word: str) -> None:
    assert written(genome) == word


@given(st.lists(st.integers(0, 300)).map(tuple))
def test_no_two_genomes_are_written_alike(genome: tuple[int, ...]) -> None:
    word = written(genome)
    read = word.split(",")[:-1] if "," in word else list(word)
    assert tuple(map(int, read)) == genome
