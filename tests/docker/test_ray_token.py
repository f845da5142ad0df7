"""A real head, as `workers.node` starts it: whoever has another token, or none, does not get in."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

RAY = str(Path(sys.executable).with_name("ray"))
START_SECONDS = 120.0


class Head(NamedTuple):
    """Where a head is found, and what opens it."""

    address: str
    dashboard: str
    agent: str
    token: Path


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _environment(token: Path | None, mode: str = "token") -> dict[str, str]:
    """As in a container, but that Ray stays on loopback: what the session's own cluster has set does not count."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    shown = {} if token is None else {"RAY_AUTH_TOKEN_PATH": str(token)}
    return kept | shown | {"RAY_AUTH_MODE": mode, "HOME": "/nonexistent"}


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    """A head on loopback, on ports of its own."""
    folder = tmp_path_factory.mktemp("head")
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    port, dashboard, agent, metrics = _free_ports(4)
    command = [sys.executable, "-m", "workers.node", f"--address=127.0.0.1:{port}", f"--token-file={token}"]
    ports = [f"--dashboard-port={dashboard}", f"--agent-port={agent}", f"--metrics-port={metrics}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *ports, "--object-store-bytes=100000000", "head"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(None),
        )
    try:
        found = Head(f"127.0.0.1:{port}", f"http://127.0.0.1:{dashboard}", f"http://127.0.0.1:{agent}", token)
        _await(found, process, folder / "log")
        yield found
    finally:
        process.terminate()
        process.wait()


def _await(head: Head, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            for url in (f"{head.dashboard}/api/gcs_healthz", f"{head.agent}/api/local_raylet_healthz"):
                httpx.get(url, trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.5)
    pytest.fail(f"the head did not start: {log.read_text()}")


def _asks(head: Head, token: Path | None, mode: str = "token") -> "subprocess.CompletedProcess[str]":
    command = [RAY, "health-check", "--address", head.address]
    environment = _environment(token, mode)
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)


def test_whoever_has_the_token_gets_in(head: Head) -> None:
    done = _asks(head, head.token)
    assert done.returncode == 0, done.stderr


def test_a_wrong_token_is_refused(head: Head, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text(secrets.token_hex(32))
    done = _asks(head, wrong)
    assert done.returncode != 0
    assert "AuthenticationError" in done.stderr


def test_whoever_shows_no_token_is_refused(head: Head) -> None:
    done = _asks(head, None, mode="disabled")
    assert done.returncode != 0
    assert "AuthenticationError" in done.stderr


def test_the_dashboard_wants_the_token_and_health_does_not(head: Head) -> None:
    page, right = f"{head.dashboard}/api/version", head.token.read_text()
    with httpx.Client(trust_env=False) as client:
        assert client.get(page).status_code == HTTPStatus.UNAUTHORIZED
        for token, expected in (("0" * 64, HTTPStatus.FORBIDDEN), (right, HTTPStatus.OK)):
            assert client.get(page, headers={"Authorization": f"Bearer {token}"}).status_code == expected
        assert client.get(f"{head.agent}/api/local_raylet_healthz").status_code == HTTPStatus.OK
