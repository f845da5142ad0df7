"""Streams of events are bounded: in number, in time, and in what they let other requests wait."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from service.api import event_stream
from service.api.services import Services
from service.domain.person import Role
from service.searches.store import Store
from service.settings import Settings
from tests.service.api.test_events import FAST, streamed, told
from tests.service.serving import services_on, serving
from tests.service.toys import claim_new


@pytest.fixture
def services(sqlite_store: Store, tmp_path: Path) -> Services:
    return replace(services_on(sqlite_store, tmp_path), settings=FAST)


def test_streams_of_one_caller(services: Services) -> None:
    services = replace(services, settings=Settings(poll_seconds=0.02, max_streams_per_caller=2))
    with client_of(services) as api:
        with streamed(api, "/events") as one, streamed(api, "/events") as two:
            assert next(one).name == next(two).name == ""
            refused = api.get("/v1/events")
            assert refused.status_code == 429
            assert int(refused.headers["Retry-After"]) > 0
            assert "2 of 2 streams" in refused.json()["detail"]
        wait_until(lambda: services.streams.open == 0)
        with streamed(api, "/events") as again:
            assert next(again).name == ""


def test_streams_of_the_process(services: Services) -> None:
    services = replace(services, settings=Settings(poll_seconds=0.02, max_streams=1))
    with client_of(services) as api, streamed(api, "/events") as one:
        next(one)
        assert "this server has 1 of 1" in api.get("/v1/events").json()["detail"]


def test_a_refused_stream_is_not_counted(api: httpx.Client, services: Services) -> None:
    for _ in range(3):
        assert api.get("/v1/events", headers={"Last-Event-ID": "x"}).status_code == 400
    wait_until(lambda: services.streams.open == 0)


def test_other_requests_do_not_wait_for_streams(services: Services) -> None:
    settings = Settings(poll_seconds=0.02, max_streams_per_caller=80)
    with ExitStack() as stack:
        services = replace(services, settings=settings)
        address = stack.enter_context(serving(services))
        limits = httpx.Limits(max_connections=100)
        api = stack.enter_context(httpx.Client(base_url=address, trust_env=False, limits=limits))
        for _ in range(60):  # more than the threads that answer requests
            next(stack.enter_context(streamed(api, "/events")))
        assert api.get("/v1/searches", timeout=10).status_code == 200


def test_silence_is_broken(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.05)
    with api.stream("GET", "/v1/events", timeout=20) as answer:
        lines = (line for line in answer.iter_lines() if line.startswith(":"))
        assert [next(lines) for _ in range(3)] == [": still here"] * 3


def test_a_stream_ends_for_another_to_begin(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LIFETIME_SECONDS", 0.1)
    with streamed(api, "/events") as events:
        assert [each.name for each in events] == [""]


def test_a_stream_ends_with_its_key(api: httpx.Client, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "KEY_SECONDS", 0.02)
    key, other = (services.store.keys.create("ann", Role.VIEWER) for _ in range(2))
    with (
        streamed(api, "/events", Authorization=f"Bearer {key.key}") as events,
        streamed(api, "/events", Authorization=f"Bearer {other.key}") as more,
    ):
        assert next(events).name == ""
        services.store.keys.revoke(key.record.id)
        assert list(events) == []
        next(more)
        wait_until(lambda: services.streams.open == 1)


def test_a_client_that_takes_nothing_is_let_go(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "STALLED_SECONDS", 0.2)
    monkeypatch.setattr(event_stream, "PING", b":" + b" " * (1 << 20) + b"\n\n")
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.0)
    with client_of(services) as api, streamed(api, "/events"):  # and not read
        wait_until(lambda: services.streams.open == 1)
        wait_until(lambda: services.streams.open == 0)


def test_a_server_that_stops_ends_its_streams(services: Services) -> None:
    with ExitStack() as client:
        with serving(services) as address:
            api = client.enter_context(httpx.Client(base_url=address, trust_env=False))
            events = client.enter_context(streamed(api, "/events"))
            next(events)
        assert list(events) == []


def test_an_outage_of_the_database_is_slept_through(
    api: httpx.Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = claim_new(services.store)
    with streamed(api, f"/searches/{lease.search_id}/events") as events:
        assert next(event for event in events if event.name == "state")
        failures = iter([OperationalError("SELECT", {}, Exception("gone"))] * 3)
        journal = services.store.journal

        def of_search(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the real one
            for failure in failures:
                raise failure
            return type(journal).of_search(journal, *arguments, **named)

        monkeypatch.setattr(journal, "of_search", of_search, raising=False)
        told(services.store, lease, 0)
        assert next(event for event in events if event.name == "candidate").data["index"] == 0


@contextmanager
def client_of(services: Services) -> Iterator[httpx.Client]:
    with serving(services) as address, httpx.Client(base_url=address, trust_env=False) as api:
        yield api


def wait_until(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.01)
