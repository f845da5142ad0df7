"""What an API process refuses before a route sees it, over real connections."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp

from service.api import limits, problems
from service.api.app import create_app
from service.api.connections import create_server
from service.api.limits import BodyLimit, CrowdLimit
from service.api.services import Services
from service.api.streams import Streams
from service.domain.person import Role
from service.settings import Settings
from tests.service.asking import SPEC
from tests.service.serving import running, serving
from tests.service.slow_clients import answer, connected, ended

MANY = 3 << 20  # bytes


@contextmanager
def calling(services: Services, **changes: Any) -> Iterator[httpx.Client]:  # noqa: ANN401 - any settings
    settings = Settings(**changes)
    with serving(replace(services, settings=settings)) as address, client(address) as api:
        yield api


def client(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, trust_env=False, timeout=20)


@contextmanager
def running_app(app: ASGIApp) -> Iterator[str]:
    with running(create_server(app, Streams())) as address:
        yield address


def assert_refused(found: httpx.Response, status: int) -> str:
    assert found.status_code == status, found.text
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json()["status"] == status
    detail: str = found.json()["detail"]
    return detail


def pieces(size: int) -> Iterator[bytes]:
    for _ in range(size >> 16):
        yield bytes(1 << 16)


class TestBodies:
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/v1/searches"), ("PATCH", f"/v1/searches/{'0' * 26}"), ("GET", "/healthz"), ("POST", "/nowhere")],
    )
    def test_one_that_says_it_is_too_large(self, api: httpx.Client, method: str, path: str) -> None:
        found = api.request(method, path, content=bytes(MANY))
        assert assert_refused(found, 413) == "the body has more than 1048576 bytes, and no request here needs as many"
        assert found.headers["connection"] == "close"
        assert api.get("/healthz").is_success

    def test_one_that_asks_first_is_not_let_in(self, api: httpx.Client) -> None:
        with connected(str(api.base_url)) as connection:
            connection.sendall(
                b"POST /v1/searches HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
                b"Content-Length: 99999999\r\n\r\n"
            )
            assert answer(connection)[0] == 413  # and no 100 before
            assert ended(connection)

    def test_one_that_does_not_say_how_large_it_is(self, services: Services) -> None:
        with calling(services, max_body_bytes=1000) as api:
            for method, path in (("PATCH", f"/v1/searches/{'0' * 26}"), ("POST", "/v1/searches")):
                found = api.request(method, path, content=pieces(MANY))
                assert "more than 1000 bytes" in assert_refused(found, 413)
                assert found.headers["connection"] == "close"

    def test_one_that_no_route_reads(self, api: httpx.Client) -> None:
        found = api.post(f"/v1/searches/{'0' * 26}/cancel", content=pieces(MANY))
        assert_refused(found, 404)
        assert found.headers["connection"] == "close"

    def test_one_that_comes_too_slowly(self) -> None:
        app = FastAPI()
        problems.install(app)

        @app.post("/echo")
        async def echo(request: Request) -> int:
            return len(await request.body())

        with running_app(BodyLimit(app, max_bytes=1000, seconds=0.3)) as address, connected(address) as connection:
            head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
            for half in (head + b"12345", b"67890"):
                connection.sendall(half)
            assert answer(connection)[::2] == (200, b"10")
            connection.sendall(head + b"12345")
            status, headers, body = answer(connection)
            assert (status, headers["content-type"]) == (408, "application/problem+json")
            assert b"the body was not here after 0.3 s" in body
            assert ended(connection)


class TestRates:
    def test_more_than_a_caller_may(self, services: Services) -> None:
        with calling(services, rate_per_minute=30) as api:
            assert [api.get("/v1/tasks").status_code for _ in range(4)] == [200, 200, 200, 429]
            found = api.get("/v1/tasks")
            assert assert_refused(found, 429) == "too many requests from 127.0.0.1; the next one is taken in 2 s"
            assert found.headers["retry-after"] == "2"
            assert all(api.get(path).is_success for path in ("/healthz", "/readyz"))

    def test_every_key_counts_for_itself_once_it_was_found_good(self, services: Services) -> None:
        ada, bob = (services.store.keys.create(name, Role.VIEWER).key for name in ("ada", "bob"))

        def asks(api: httpx.Client, key: str) -> list[int]:
            headers = {"Authorization": f"Bearer {key}"}
            return [api.get("/v1/tasks", headers=headers).status_code for _ in range(5)]

        with calling(services, rate_per_minute=30, require_keys=True) as api:
            assert asks(api, ada) == [200, 200, 200, 200, 429]  # the first of the address's, three of the key's
            assert asks(api, bob) == [200, 200, 200, 200, 429]
            assert asks(api, "tws_made_up") == [401, 429, 429, 429, 429]
            assert asks(api, "tws_another") == [429] * 5

    def test_no_limit(self, services: Services) -> None:
        with calling(services, rate_per_minute=None) as api:
            assert {api.get("/healthz").status_code for _ in range(50)} == {200}

    def test_keys_beyond_what_is_remembered_are_let_in_too(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "MAX_CALLERS", 1)
        keys = [services.store.keys.create(name, Role.VIEWER).key for name in ("ada", "bob")]
        with calling(services, require_keys=True) as api:
            for _ in range(2):
                for key in keys:
                    assert api.get("/v1/tasks", headers={"Authorization": f"Bearer {key}"}).is_success


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("/run/api.sock", "/run/api.sock"),
    ],
)
def test_whose_address_it_is(host: str, expected: str) -> None:
    assert limits._address({"type": "http", "client": (host, 1)}) == expected
    assert limits._address({"type": "http", "client": None}) == "an unknown address"


class TestCrowd:
    @pytest.fixture
    def gate(self) -> Iterator[threading.Event]:
        gate = threading.Event()
        yield gate
        gate.set()

    @pytest.fixture
    def address(self, gate: threading.Event) -> Iterator[str]:
        app = FastAPI()

        @app.get("/slow")
        def slow() -> str:
            gate.wait(20)
            return "done"

        @app.get("/events")
        def events() -> StreamingResponse:
            def forever() -> Iterator[bytes]:
                yield b": here\n\n"
                gate.wait(20)

            return StreamingResponse(forever(), media_type="text/event-stream")

        with running_app(CrowdLimit(app, most=2)) as address:
            yield address

    def test_no_more_at_once_than_allowed(self, address: str, gate: threading.Event) -> None:
        with client(address) as api:
            slow = [threading.Thread(target=api.get, args=("/slow",)) for _ in range(2)]
            for thread in slow:
                thread.start()
            found = _until(api, 503)
            assert assert_refused(found, 503).startswith("2 requests are being answered already")
            assert found.headers["retry-after"] == "1"
            assert api.get("/healthz").status_code == 404  # let through, to an app that has no such route
            gate.set()
            for thread in slow:
                thread.join()
            assert api.get("/slow").json() == "done"

    def test_event_streams_do_not_count_once_they_have_begun(self, address: str, gate: threading.Event) -> None:
        with client(address) as api, ExitStack() as streams:
            for _ in range(3):
                assert streams.enter_context(api.stream("GET", "/events")).status_code == 200
            gate.set()
            assert api.get("/slow").json() == "done"


def test_few_threads_answer(services: Services) -> None:
    app = create_app(services)

    @app.get("/threads")
    async def threads() -> float:
        return to_thread.current_default_thread_limiter().total_tokens

    with running_app(app) as address, client(address) as api:
        assert api.get("/threads").json() == limits.THREADS


def _until(api: httpx.Client, status: int) -> httpx.Response:
    while (found := api.get("/nothing")).status_code != status:
        pass
    return found


class TestSearches:
    def test_more_candidates_than_allowed(self, services: Services) -> None:
        with calling(services, max_candidates=7) as api:
            detail = assert_refused(api.post("/v1/searches", json=SPEC), 422)
            assert detail.startswith("budget.candidates is 8; this installation lets one search have 7 at most")
            assert api.get("/v1/searches").json()["items"] == []

    def test_a_disk_that_is_nearly_full(self, services: Services) -> None:
        with calling(services, min_free_disk_bytes=1 << 60) as api:
            assert "MiB of disk are free" in assert_refused(api.post("/v1/searches", json=SPEC), 507)
            assert api.get("/v1/searches").json()["items"] == []
