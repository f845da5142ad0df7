"""Streams of events as clients meet them: over HTTP, cut off at any moment, resumed at another process."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from search.contracts import Candidate, Failure
from search.spec import SearchSpec
from service.api.services import Services
from service.domain.action import Action
from service.domain.person import Role
from service.domain.records import Change, Lease, Status
from service.searches.store import Store
from service.settings import Settings
from tests.service.asking import submitted
from tests.service.serving import services_on, serving
from tests.service.toys import claim_new
from twinsieve.event import Event as ServerEvent
from twinsieve.event import parsed

FAST = Settings(poll_seconds=0.02)


@pytest.fixture
def services(store: Store, tmp_path: Path) -> Services:
    return replace(services_on(store, tmp_path), settings=FAST)


@pytest.fixture
def patient_services(sqlite_store: Store, tmp_path: Path) -> Services:
    return replace(services_on(sqlite_store, tmp_path), settings=FAST)


@contextmanager
def streamed(api: httpx.Client, path: str, **headers: str) -> Iterator[Iterator[ServerEvent]]:
    with api.stream("GET", f"/v1{path}", headers=headers, timeout=20) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield parsed(answer.iter_bytes())


def told(store: Store, lease: Lease, index: int) -> None:
    store.candidates.record_ask(lease, Candidate(index, (index,)), index)
    outcome = Failure("diverged") if index % 5 == 0 else {"accuracy": index / 100, "macs": 10.0}
    store.candidates.record_tell(lease, index, outcome, 1.0)


def finished(store: Store, candidates: int) -> str:
    lease = claim_new(store)
    for index in range(candidates):
        told(store, lease, index)
    store.leases.finish(lease, Status.SUCCEEDED)
    return lease.search_id


def rows(api: httpx.Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/v1{path}", params={"limit": 200}).json()["items"]
    return found


class TestOneSearch:
    def test_a_finished_search_from_its_beginning_to_its_end(self, api: httpx.Client, store: Store) -> None:
        search_id = finished(store, 3)
        with streamed(api, f"/searches/{search_id}/events") as events:
            beginning, progress, *rest = events
        assert (beginning.name, beginning.id) == ("", "0.0")
        assert (progress.name, progress.id) == ("progress", None)
        assert progress.data["status"] == "succeeded"
        assert progress.data["stages"]["proxy"]["told"] == 3
        states = [each.data for each in rest if each.name == "state"]
        assert [each["action"] for each in states] == ["submitted", "started", "succeeded"]
        assert states == rows(api, f"/searches/{search_id}/journal")
        assert [each.data for each in rest if each.name == "candidate"] == rows(
            api, f"/searches/{search_id}/candidates"
        )
        assert rest[-1].data["action"] == "succeeded"

    def test_from_any_event_on(self, api: httpx.Client, store: Store) -> None:
        search_id = finished(store, 3)
        with streamed(api, f"/searches/{search_id}/events") as events:
            every = [each for each in events if each.id is not None]
        for place, event in enumerate(every[:-1]):
            with streamed(api, f"/searches/{search_id}/events", **{"Last-Event-ID": event.id or ""}) as events:
                assert [each for each in events if each.id is not None and each.name] == every[place + 1 :]
            by_query = f"/searches/{search_id}/events?last_event_id={event.id}"
            with streamed(api, by_query) as events:
                assert [each for each in events if each.id is not None and each.name] == every[place + 1 :]

    def test_the_header_counts_for_more_than_the_address(self, api: httpx.Client, store: Store) -> None:
        search_id = finished(store, 2)
        with streamed(api, f"/searches/{search_id}/events") as events:
            *_, before, last = [each for each in events if each.id is not None]
        path = f"/searches/{search_id}/events?last_event_id=0.0"
        with streamed(api, path, **{"Last-Event-ID": before.id or ""}) as events:
            assert [each for each in events if each.name == "state"] == [last]

    def test_nothing_more_to_come(self, api: httpx.Client, store: Store) -> None:
        search_id = finished(store, 2)
        with streamed(api, f"/searches/{search_id}/events") as events:
            *_, last = events
        answer = api.get(f"/v1/searches/{search_id}/events", headers={"Last-Event-ID": last.id or ""})
        assert (answer.status_code, answer.content) == (204, b"")

    @pytest.mark.parametrize("text", ["", "17", "1.2.3", "nonsense", "-1.0", "99999999.0", "0.5", "1" * 100])
    def test_an_id_of_no_event(self, api: httpx.Client, store: Store, text: str) -> None:
        search_id = store.searches.create(SearchSpec(), "1").id
        for sent in ({"headers": {"Last-Event-ID": text}}, {"params": {"last_event_id": text}}):
            answer = api.get(f"/v1/searches/{search_id}/events", **sent)  # type: ignore[arg-type] # one of the two
            assert answer.status_code == 400, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert "expected the id of an event" in answer.json()["detail"]

    def test_an_unknown_search(self, api: httpx.Client) -> None:
        for search_id in ("0" * 26, "nonsense", "%00"):
            assert api.get(f"/v1/searches/{search_id}/events").status_code == 404

    def test_a_deleted_search_ends_the_stream(self, api: httpx.Client, services: Services, store: Store) -> None:
        search_id = finished(store, 1)
        lease = claim_new(store)
        told(store, lease, 0)
        with streamed(api, f"/searches/{lease.search_id}/events") as events:
            assert next(event for event in events if event.name == "candidate")
            store.leases.finish(lease, Status.CANCELLED)
            store.searches.delete(lease.search_id)
            assert "cancelled" in [event.data["action"] for event in events if event.name == "state"]
        assert api.get(f"/v1/searches/{lease.search_id}/events").status_code == 404
        actions = [each["action"] for each in rows(api, f"/searches/{lease.search_id}/journal")]
        assert actions[-2:] == ["cancelled", "deleted"]
        assert api.get(f"/v1/searches/{search_id}/events").status_code == 200


@pytest.mark.parametrize("seed", range(2))
def test_no_event_is_missed_and_none_comes_twice(store: Store, tmp_path: Path, seed: int) -> None:
    """A client that loses its connection again and again, each time to another of two processes."""
    lease, dice = claim_new(store), random.Random(seed)

    def work() -> None:
        for index in range(60):
            told(store, lease, index)
            if index % 7 == 0:
                store.searches.change(lease.search_id, Change(workers=1 + index))
            time.sleep(random.Random(index).random() / 50)
        store.leases.finish(lease, Status.SUCCEEDED)

    worker = threading.Thread(target=work)
    seen, last, connections = list[ServerEvent](), None, 0
    with ExitStack() as stack:
        processes = []
        for name in "ab":
            (tmp_path / name).mkdir()
            address = stack.enter_context(serving(replace(services_on(store, tmp_path / name), settings=FAST)))
            processes.append(stack.enter_context(httpx.Client(base_url=address, trust_env=False)))
        stack.callback(worker.join)
        worker.start()
        while not (seen and seen[-1].name == "state" and seen[-1].data["action"] == "succeeded"):
            most, connections = dice.randint(0, 12), connections + 1
            headers: dict[str, str] = {} if last is None else {"Last-Event-ID": last}
            with streamed(dice.choice(processes), f"/searches/{lease.search_id}/events", **headers) as events:
                for event in events:
                    last = event.id or last
                    seen += [event] if event.name in ("state", "candidate") else []
                    if (most := most - 1) < 0:
                        break
        api = processes[0]
        candidates = sorted(rows(api, f"/searches/{lease.search_id}/candidates"), key=lambda each: each["told_order"])
        assert [each.data for each in seen if each.name == "candidate"] == candidates
        assert [each.data for each in seen if each.name == "state"] == rows(api, f"/searches/{lease.search_id}/journal")
    assert connections > 5


class TestAllSearches:
    def test_from_now_on(self, api: httpx.Client, store: Store) -> None:
        store.searches.create(SearchSpec(), "1")
        with streamed(api, "/events") as events:
            beginning = next(events)
            assert beginning.name == ""
            search_id = submitted(api)
            event = next(events)
        assert (event.name, event.data["action"], event.data["search_id"]) == ("state", "submitted", search_id)

    def test_what_happened_meanwhile_comes_later(self, api: httpx.Client, store: Store) -> None:
        with streamed(api, "/events") as events:
            last = next(events).id
        ids = [submitted(api) for _ in range(3)]
        store.keys.create("ann", Role.MEMBER)  # no matter of a search
        store.searches.request_cancel(ids[0])
        with streamed(api, f"/events?last_event_id={last}") as events:
            next(events)
            found = [next(events) for _ in range(4)]
        assert [each.data["search_id"] for each in found] == [*ids, ids[0]]
        assert [each.data["action"] for each in found] == [*[Action.SUBMITTED] * 3, Action.CANCELLED]
        assert [int(each.id or 0) for each in found] == [each.data["id"] for each in found]

    @pytest.mark.parametrize("text", ["", "1.0", "-1", "x", "9" * 18, "9" * 30])
    def test_an_id_of_no_event(self, api: httpx.Client, text: str) -> None:
        answer = api.get("/v1/events", headers={"Last-Event-ID": text})
        assert answer.status_code == 400
        assert "expected the id of an event of all searches" in answer.json()["detail"]
