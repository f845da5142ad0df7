"""A served API, and both clients of it, by one fixture: whoever tests one tests the other."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from service.api.services import Services
from service.settings import Settings
from tests.service.conftest import clock, services, sqlite, sqlite_store
from tests.service.serving import serving
from tests.twinsieve.waiting import Connect, asynchronous
from twinsieve.client import Client

__all__ = ["clock", "services", "sqlite", "sqlite_store"]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have a service and a key of their own."""
    for name in ("TWINSIEVE_SERVER", "TWINSIEVE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(services: Services, tmp_path: Path) -> Iterator[str]:
    settings = Settings(state_dir=tmp_path / "var", poll_seconds=0.02, rate_per_minute=None)
    with serving(replace(services, settings=settings)) as address:
        yield address


@pytest.fixture(params=["waiting", "asynchronous"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal()) if request.param == "asynchronous" else None

        def build(server: str, *, wait: Callable[[float], object] = _soon, **options: Any) -> Client:  # noqa: ANN401 - passed on
            if portal is None:
                client = Client(server, wait=wait, **options)
            else:
                client = asynchronous(portal, server, wait, **options)
            stack.callback(client.close)
            return client

        yield build


@pytest.fixture
def client(connect: Connect, server: str) -> Client:
    return connect(server)


def _soon(_seconds: float) -> None:
    time.sleep(0.01)
