"""Who may do what: every route of the API, every role, and every way of having no key.

A route that is new stands in no line of `MATRIX`, and fails here until somebody has said whom it is for.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from search.spec import parse_spec
from service.api.app import create_app
from service.api.services import Services
from service.domain.person import Caller, Role
from service.settings import Settings
from tests.service.asking import SPEC
from tests.service.conftest import Clock
from tests.service.serving import serving


class For(Enum):
    """Whom a route is for."""

    ALL = auto()  # without a key, too: it tells nothing of anybody
    LOOKING = auto()  # whoever has a key
    RUNNING = auto()  # members and admins
    OWNING = auto()  # the member who owns what the path names, and admins
    ADMINISTERING = auto()  # admins


class Route(NamedTuple):
    """A method and a path, as the application has it."""

    method: str
    path: str


MATRIX: Mapping[Route, For] = {
    Route(method, path): whom
    for whom, methods in {
        For.ALL: {
            "GET": [
                *("/healthz", "/readyz", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"),
                *("/", "/page/{path:path}"),
            ]
        },
        For.LOOKING: {
            "GET": [
                *(f"/v1/{name}" for name in ("algorithms", "backbones", "data", "foregrounds", "tasks")),
                *("/metrics", "/v1/me", "/v1/events", "/v1/searches", "/v1/searches/{search_id}"),
                *(f"/v1/searches/{{search_id}}/{part}" for part in ("candidates", "front", "model")),
                *(f"/v1/searches/{{search_id}}/{part}" for part in ("events", "journal")),
                *(f"/v1/searches/{{search_id}}/{part}" for part in ("points", "activity", "log", "patches", "report")),
                "/v1/searches/{search_id}/patches/{number}.png",
            ],
            "POST": ["/v1/estimate"],
        },
        For.RUNNING: {
            "GET": ["/v1/webhooks"],
            "POST": [
                *("/v1/searches", "/v1/webhooks"),
                *(f"/v1/searches/{{search_id}}/{copied}" for copied in ("clone", "extend")),  # into one's own
            ],
        },
        For.OWNING: {
            "PATCH": ["/v1/searches/{search_id}"],
            "POST": [f"/v1/searches/{{search_id}}/{verb}" for verb in ("cancel", "pause", "resume")],
            "DELETE": ["/v1/searches/{search_id}", "/v1/searches/{search_id}/artifacts", "/v1/webhooks/{webhook_id}"],
            "GET": ["/v1/webhooks/{webhook_id}/deliveries"],
        },
        For.ADMINISTERING: {
            "GET": ["/v1/journal", "/v1/keys", "/v1/quotas", "/v1/quotas/{owner}"],
            "POST": ["/v1/keys"],
            "PUT": ["/v1/quotas/{owner}"],
            "DELETE": ["/v1/keys/{key_id}"],
        },
    }.items()
    for method, paths in methods.items()
    for path in paths
}

BODIES: Mapping[Route, object] = {
    Route("PATCH", "/v1/searches/{search_id}"): {"workers": 2},
    Route("POST", "/v1/searches"): SPEC,
}
"""Where the caller is only looked at behind a valid body."""

OWNER, OTHER = "ann", "bob"
REFUSED = (401, 403)


@dataclass(frozen=True)
class Lab:
    """A running API that requires keys, and a key of every kind."""

    http: httpx.Client
    services: Services
    keys: Mapping[str, str]

    def ask(self, route: Route, key: str | None) -> httpx.Response:
        """The answer of a route to the holder of a key, on something of `OWNER` that is there anew each time."""
        path = route.path.replace(":path}", "}").format_map(_Fresh(self.services))
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        with self.http.stream(route.method, path, json=BODIES.get(route), headers=headers) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer.read()
        return answer


class _Fresh(dict[str, str]):
    """Makes what a path names when it is asked for."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._store = services.store

    def __missing__(self, name: str) -> str:
        owner = Caller(OWNER, Role.MEMBER, None)
        if name == "search_id":
            return self._store.searches.create(parse_spec(SPEC), "1", caller=owner).id
        if name == "webhook_id":
            url = "https://lab.example/hook"
            return self._store.webhooks.create(owner.owner, url, (), actor=owner.name).id
        if name == "key_id":
            return self._store.keys.create(OTHER, Role.VIEWER).record.id
        if name == "number":
            return "0"
        if name == "path":
            return "index.html"
        assert name == "owner", f"say here what '{name}' of a new path is"
        return OTHER


@pytest.fixture
def lab(services: Services, tmp_path: Path, clock: Clock) -> Iterator[Lab]:
    settings = Settings(state_dir=tmp_path, require_keys=True, rate_per_minute=None)
    keys = services.store.keys
    held = {
        "admin": keys.create("root", Role.ADMIN),
        "owner": keys.create(OWNER, Role.MEMBER),
        "member": keys.create(OTHER, Role.MEMBER),
        "viewer": keys.create(OWNER, Role.VIEWER),  # a viewer changes nothing, also of its own
        "revoked": keys.create("root", Role.ADMIN),
        "expired": keys.create("root", Role.ADMIN, expires_at=clock.now + timedelta(seconds=1)),
    }
    keys.revoke(held["revoked"].record.id)
    clock.advance(1)
    told = {name: new.key for name, new in held.items()}
    told["wrong"] = told["admin"][:-64] + "0" * 64
    told["nonsense"] = "nonsense"
    with serving(replace(services, settings=settings)) as at, httpx.Client(base_url=at, trust_env=False) as http:
        yield Lab(http, services, told)


ALLOWED: Mapping[For, frozenset[str]] = {
    For.LOOKING: frozenset({"admin", "owner", "member", "viewer"}),
    For.RUNNING: frozenset({"admin", "owner", "member"}),
    For.OWNING: frozenset({"admin", "owner"}),
    For.ADMINISTERING: frozenset({"admin"}),
}


def routes(services: Services) -> set[Route]:
    """What the application answers; a mounted application, which has no methods, answers all."""
    found = iter_route_contexts(create_app(services).routes)
    return {Route(method, str(each.path)) for each in found for method in (each.methods or {"*"}) if method != "HEAD"}


def test_every_route_has_its_line(services: Services) -> None:
    assert routes(services) == set(MATRIX)


@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
def test_who_is_let_in(lab: Lab, route: Route) -> None:
    whom = MATRIX[route]
    if whom is For.ALL:
        assert {lab.ask(route, key).status_code for key in (None, *lab.keys.values())} & {*REFUSED} == set()
        return
    for missing in (None, "wrong", "nonsense", "expired", "revoked"):
        answer = lab.ask(route, None if missing is None else lab.keys[missing])
        assert answer.status_code == 401, missing
        assert answer.headers["content-type"] == "application/problem+json"
        assert re.match("Bearer", answer.headers["www-authenticate"])
    for holder in ("viewer", "member", "owner", "admin"):
        answer = lab.ask(route, lab.keys[holder])
        if holder in ALLOWED[whom]:
            assert answer.status_code not in REFUSED, holder
            assert answer.status_code < 500, holder
        else:
            assert answer.status_code == 403, holder
            assert answer.headers["content-type"] == "application/problem+json"


def test_nobody_needs_a_key_unless_told(services: Services) -> None:
    with serving(services) as address, httpx.Client(base_url=address, trust_env=False) as http:
        opened = Lab(http, services, {})
        for route in MATRIX:
            assert opened.ask(route, None).status_code not in REFUSED, route
