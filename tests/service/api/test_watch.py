"""Request ids, security headers and log lines: on every answer, whatever becomes of the request."""

import io
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from service.api.services import Services
from service.observing import logs
from service.storage.database import writing
from tests.service.asking import submitted
from tests.service.slow_clients import connected


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    logs.configure("api", form="json", stream=stream)
    yield stream
    root.handlers[:], root.level = handlers, level


def line(said: io.StringIO, **facts: object) -> dict[str, Any]:
    """The line about a request that has these facts; it is written once the answer is sent."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for text_line in said.getvalue().splitlines():
            found: dict[str, Any] = json.loads(text_line)
            if found["logger"] == "service.api.watch" and facts.items() <= found.items():
                return found
    raise AssertionError(f"no line has {facts}: {said.getvalue()}")


class TestRequestId:
    @pytest.mark.parametrize("given", ["4bf92f3577b34da6", "A-B_c.d-0123456789", "x" * 64])
    def test_a_well_formed_one_is_kept(self, api: httpx.Client, given: str) -> None:
        assert api.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"] == given

    @pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space", "tab\there", "<script>", "a" * 8 + ";"])
    def test_another_is_replaced(self, api: httpx.Client, given: str) -> None:
        made = api.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"]
        assert len(made) == 32
        assert made != api.get("/healthz").headers["x-request-id"]


def test_that_all_is_well_is_no_news(api: httpx.Client, said: io.StringIO) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert api.get(path).status_code == 200
    api.put("/healthz")
    assert line(said, route="/healthz", status=405)
    assert [each for each in map(json.loads, said.getvalue().splitlines()) if each.get("status") == 200] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/v1/searches", 200),
        ("GET", "/v1/searches/none", 404),
        ("GET", "/nowhere", 404),
        ("PUT", "/healthz", 405),
        ("POST", "/v1/searches", 422),
    ],
)
def test_every_answer_is_guarded(api: httpx.Client, method: str, path: str, status: int) -> None:
    found = api.request(method, path, headers={"Origin": "http://localhost"})
    assert found.status_code == status
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["content-security-policy"].startswith("default-src 'none'")
    assert found.headers["x-request-id"]
    assert "server" not in found.headers
    assert not [name for name in found.headers if name.startswith("access-control-")]


def test_no_preflight_is_granted(api: httpx.Client) -> None:
    asks = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    found = api.options("/v1/searches", headers=asks)
    assert not found.is_success
    assert not [name for name in found.headers if name.startswith("access-control-")]


def test_pages_may_load_what_is_ours(api: httpx.Client) -> None:
    found = api.get("/docs")
    assert "cdn.jsdelivr.net" in found.headers["content-security-policy"]
    assert found.headers["cache-control"] == "no-cache"


def test_an_error_of_ours_has_an_id_and_one_line_with_its_traceback(
    api: httpx.Client, services: Services, said: io.StringIO
) -> None:
    search_id = submitted(api)
    with writing(services.store.engine) as session:
        session.execute(text("UPDATE searches SET spec = '{}'"))
    found = api.get(f"/v1/searches/{search_id}")
    assert found.status_code == 500
    assert found.headers["x-content-type-options"] == "nosniff"
    (error,) = [json.loads(each) for each in said.getvalue().splitlines() if "traceback" in each]
    assert error["request_id"] == found.headers["x-request-id"]
    assert (error["search_id"], error["caller"]) == (search_id, "local")
    assert line(said, request_id=error["request_id"])["status"] == 500


def test_a_line_for_each_request(api: httpx.Client, said: io.StringIO) -> None:
    search_id = submitted(api)
    api.get(f"/v1/searches/{search_id}?secret=x", headers={"X-Request-Id": "12345678"})
    found = line(said, request_id="12345678")
    assert found.pop("milliseconds") > 0
    assert found | {"time": "", "pid": 0} == {
        "time": "",
        "pid": 0,
        "level": "info",
        "process": "api",
        "logger": "service.api.watch",
        "message": f"GET /v1/searches/{search_id} 200",
        "request_id": "12345678",
        "caller": "local",
        "search_id": search_id,
        "method": "GET",
        "route": "/v1/searches/{search_id}",
        "status": 200,
    }


def test_whose_name_is_made_up_is_about_no_search(api: httpx.Client, said: io.StringIO) -> None:
    api.get("/v1/searches/x%20caller=admin")
    assert "search_id" not in line(said, status=404)


def test_a_client_that_goes_away_is_no_error(api: httpx.Client, said: io.StringIO) -> None:
    with connected(str(api.base_url)) as connection:
        connection.sendall(b"POST /v1/searches HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n12345")
    assert line(said, method="POST")["status"] == 400
    assert "traceback" not in said.getvalue()
