"""Requests that no client of ours would send, to every route that there is: refused in one line, never a 5xx.

Routes are found in the OpenAPI document, so a new one is met here without being named. Requests are written by hand
where httpx would put them right.
"""

import http.client
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

import pytest

from search.spec import parse_spec
from service.api.app import create_app
from service.api.problems import MEDIA_TYPE
from service.api.services import Services
from service.domain.search_id import LENGTH
from tests.service.asking import SPEC
from tests.service.serving import serving

IDENTIFIERS = [
    *("..", "%2e%2e", "..%2f..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "..%5c..%5cwindows", "%00", "a%00b", "%0a"),
    *("%ff", "%ed%a0%80", "%", "%zz", "~", "*", "'", "%27%20OR%201=1--", "%7b%7d", "0" * LENGTH, "z" * LENGTH),
    *("I" * LENGTH, "0" * (LENGTH - 1) + "%0a", "%e2%80%ae", "x" * 4000, "null", "-1", "1e999"),
]
BODIES = [
    *(b"", b"{", b"null", b"[]", b'"text"', b"0", b"\xff\xfe", b"\xef\xbb\xbf{}", b"\x00", b"{}garbage", b"NaN"),
    *(b"[" * 60_000, b'{"a":' * 12_000, b"[" * 900 + b"]" * 900, b'{"x": ' + b"[" * 900 + b"]" * 900 + b"}"),
    *(
        b'{"%s": %s}' % (name, value)
        for name in (b"workers", b"owner", b"candidates", b"url", b"queued", b"seed")
        for value in (b"NaN", b"-Infinity", b"1e999", b"9" * 6000, b"-0.0", b'"\\ud800"', b'"\\u0000"', b"[[]]", b"{}")
    ),
    *(b'{"\\udfff": 1}', b'{"__proto__": {}}', b'{"a": 1, "a": 2}', b'{"spec": {"budget": {"macs": 1e400}}}'),
    b'{"' + b"x" * 50_000 + b'": 1}',
    json.dumps({str(number): number for number in range(5_000)}).encode(),
]
VALUES = [
    *("", "%00", "%ff", "%ed%a0%80", "-1", "0", "9" * 5000, "1e999", "NaN", "null", "..%2f..", "%0d%0aX:%20y"),
    *("a" * 4000, "%F0%9F%92%A9", "2147483648", "9223372036854775808", "1.5", "true", "%27"),
]
HEADERS: Sequence[tuple[str, bytes]] = [
    *(("Authorization", value) for value in (b"", b"Bearer", b"Bearer \xff", b"Basic eDp5", b"Bearer " + b"x" * 9000)),
    *(("Authorization", b"Bearer tws_" + b"0" * 16 + b"_" + b"0" * 64), ("Authorization", b"Bearer tws_..%2f_x")),
    *(("Idempotency-Key", value) for value in (b"", b"\xff", b"x" * 9000, b"a\tb", b"'; DROP TABLE searches; --")),
    *(("Content-Type", value) for value in (b"", b"application/xml", b"application/json; charset=utf-7", b"\xff/\xff")),
    *(("Accept", b"\xff"), ("Origin", b"null"), ("Origin", b"http://[::1"), ("Range", b"bytes=5-1"), ("Expect", b"1")),
    *(("Last-Event-ID", value) for value in (b"\xff", b"x" * 9000, b"-1.-1", b"1" * 5000 + b".1")),
    *(("X-Request-ID", value) for value in (b"\xff", b"x" * 9000)),
]
EVENT_IDS = [
    *("", "x", ".", "1", "1.", ".1", "-1.0", "1.-1", "1.0.0", "1e3.0", "0x1.0", "1 .0", "٣.٣", "9" * 400 + ".0"),
    *("999999999999999999.0", "0.999999999", "../../etc/passwd", "%00", "\t", "1.0, 2.0", "NaN.NaN", "a" * 8000),
]


class Operation(NamedTuple):
    """A method and a path, and the names of its query parameters."""

    method: str
    path: str
    query: Sequence[str]


class Answer(NamedTuple):
    """What came back."""

    status: int
    media_type: str
    body: bytes


def operations(services: Services) -> Iterator[Operation]:
    for path, methods in create_app(services).openapi()["paths"].items():
        for method, operation in methods.items():
            named = [each for each in operation.get("parameters", []) if each["in"] == "query"]
            yield Operation(method.upper(), path, [each["name"] for each in named])


class Client:
    """Sends what it is told to."""

    def __init__(self, address: str) -> None:
        self._host = address.removeprefix("http://")

    def ask(self, method: str, target: str, body: bytes = b"", headers: Sequence[tuple[str, bytes]] = ()) -> Answer:
        connection = http.client.HTTPConnection(self._host, timeout=20)
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (("Content-Length", b"%d" % len(body)), *headers):
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        stream = media_type == "text/event-stream"
        found = Answer(answer.status, media_type, b"" if stream else answer.read())
        connection.close()
        return found


@pytest.fixture
def client(services: Services) -> Iterator[Client]:
    with serving(services) as address:
        yield Client(address)


@pytest.fixture
def search_id(services: Services) -> str:
    """A search that is over, so that its events end too."""
    found = services.store.searches.create(parse_spec(SPEC), "1").id
    services.store.searches.request_cancel(found)
    return found


def wrong(asked: Iterable[tuple[object, Answer]], *, refused: bool = True) -> list[tuple[object, Answer]]:
    """What was not answered as it should be: with a problem document, or where it need not be refused with anything
    but an error of ours."""
    return [(what, answer) for what, answer in asked if not _right(answer, refused=refused)]


def _right(answer: Answer, *, refused: bool) -> bool:
    if answer.status < 400:
        return not refused
    # the server below the application says in plain text what is no HTTP at all
    typed = answer.media_type == MEDIA_TYPE or answer == (400, "text/plain", b"Invalid HTTP request received.")
    return typed and answer.status < 500 and b"Traceback" not in answer.body and b"root:" not in answer.body


class TestPaths:
    def test_no_parameter_leads_anywhere(self, client: Client, services: Services) -> None:
        found = [each for each in operations(services) if "{" in each.path]
        assert len(found) >= 15
        asked = [
            (f"{each.method} {target}"[:120], client.ask(each.method, target))
            for each in found
            for value in IDENTIFIERS
            for target in [re.sub(r"{\w+}", value.replace("\\", r"\\"), each.path)]
        ]
        assert wrong(asked, refused=False) == []
        leading = [(what, answer) for what, answer in asked if answer.status < 400 and not _of_quotas(str(what))]
        assert leading == []

    def test_no_path_leads_out(self, client: Client) -> None:
        targets = [
            "/../etc/passwd",
            "//etc/passwd",
            "/v1/../../etc/passwd",
            "/v1/searches/%2e%2e/%2e%2e",
            "/v1//searches",
        ]
        more = [
            "/%00",
            "/\\..\\..",
            "/v1/searches;x=1",
            "/v1/%73earches/..%c0%af",
            "/" + "a" * 20_000,
            "*",
            "http://x/v1",
        ]
        assert wrong((target[:60], client.ask("GET", target)) for target in (*targets, *more)) == []

    @pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "X" * 500, "get"])
    def test_methods_that_are_none(self, client: Client, method: str) -> None:
        assert wrong([(method, client.ask(method, "/v1/searches"))]) == []


def _of_quotas(asked: str) -> bool:
    """Quotas of an owner of whom nothing is said are those of everybody, so whatever is a name has an answer."""
    return "/v1/quotas/" in asked


class TestQueries:
    def test_no_value_breaks_a_route(self, client: Client, services: Services, search_id: str) -> None:
        found = [(each, name) for each in operations(services) for name in each.query]
        assert len(found) >= 10
        asked = [
            (f"{each.method} {path}?{name}={value}"[:120], client.ask(each.method, f"{path}?{name}={value}&{name}"))
            for each, name in found
            for value in VALUES
            for path in [re.sub(r"{\w+}", search_id, each.path)]
        ]
        assert wrong(asked, refused=False) == []


class TestBodies:
    def test_no_body_breaks_a_route(self, client: Client, services: Services, search_id: str) -> None:
        found = [each for each in operations(services) if each.method in ("POST", "PUT", "PATCH")]
        assert len(found) >= 8
        asked = [
            (f"{each.method} {each.path} {body[:60]!r}", client.ask(each.method, path, body, [kind]))
            for each in found
            for body in BODIES
            for kind in [("Content-Type", b"application/json")]
            for path in [re.sub(r"{\w+}", search_id, each.path)]
        ]
        assert wrong(asked, refused=False) == []

    def test_larger_than_any_route_takes(self, client: Client, services: Services, search_id: str) -> None:
        body = b" " * (services.settings.max_body_bytes + 1)
        for each in operations(services):
            path = re.sub(r"{\w+}", search_id, each.path)
            assert client.ask(each.method, path, body).status == 413, each

    @pytest.mark.parametrize("length", [b"-1", b"1e3", b"0x10", b"99999999999999999999", b"\xff", b"1, 2", b""])
    def test_lengths_that_are_none(self, client: Client, length: bytes) -> None:
        assert wrong([(length, client.ask("POST", "/v1/searches", b"", [("Content-Length", length)]))]) == []


class TestHeaders:
    def test_no_header_breaks_a_route(self, client: Client, services: Services, search_id: str) -> None:
        asked = [
            (f"{each.method} {path} {header}"[:120], client.ask(each.method, path, b"{}", [header]))
            for each in operations(services)
            for header in HEADERS
            for path in [re.sub(r"{\w+}", search_id, each.path)]
        ]
        assert wrong(asked, refused=False) == []


class TestEvents:
    @pytest.mark.parametrize("path", ["/v1/searches/{}/events", "/v1/events"])
    def test_ids_of_no_event(self, client: Client, search_id: str, path: str) -> None:
        target = path.format(search_id)
        asked = [
            *((text, client.ask("GET", f"{target}?last_event_id={quote(text)}")) for text in EVENT_IDS),
            *(
                (text, client.ask("GET", target, headers=[("Last-Event-ID", text.encode())]))
                for text in EVENT_IDS
                if text != "\t"
            ),
        ]
        assert wrong((what, answer) for what, answer in asked if (path, what) != ("/v1/events", "1")) == []
