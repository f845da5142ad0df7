"""Slow and broken clients against the real server; short deadlines, so that nobody waits for them here either."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from service.api.connections import PatientProtocol, create_server
from service.api.services import Services
from tests.service.serving import running, serving
from tests.service.slow_clients import answer, connected, ended

HEAD = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"


class HastyProtocol(PatientProtocol):
    """As ours, with less patience."""

    head_seconds = 0.4
    read_seconds = 0.4


@pytest.fixture
def address(services: Services) -> Iterator[str]:
    with serving(services, protocol=HastyProtocol) as found:
        yield found


def assert_refused(connection: socket.socket, status: int) -> str:
    found, headers, body = answer(connection)
    assert (found, headers["content-type"], headers["connection"]) == (status, "application/problem+json", "close")
    assert ended(connection)
    detail: str = json.loads(body)["detail"]
    return detail


def test_a_head_that_never_ends(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(HEAD)
        assert assert_refused(connection, 408) == "no whole request came within 0.4 s"


def test_a_head_that_comes_byte_by_byte(address: str) -> None:
    """Each byte alone would restart a time-out that only measures silence."""
    with connected(address) as connection:
        connection.settimeout(0.1)
        began = time.monotonic()
        for byte in b"GET / HTTP/1.1\r\nX: " + b"a" * 100:
            connection.sendall(bytes([byte]))
            try:
                assert connection.recv(1, socket.MSG_PEEK)
                break
            except TimeoutError:
                pass
        assert time.monotonic() - began < 2
        connection.settimeout(20)
        assert_refused(connection, 408)


def test_a_connection_that_says_nothing(address: str) -> None:
    with connected(address) as connection:
        assert_refused(connection, 408)


def test_the_second_request_of_a_connection_has_its_own_time(address: str) -> None:
    with connected(address) as connection:
        for _ in range(3):
            time.sleep(0.2)
            connection.sendall(HEAD + b"\r\n")
            assert answer(connection)[0] == 200
        connection.sendall(HEAD)
        assert_refused(connection, 408)


def test_what_is_no_http(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        assert assert_refused(connection, 400) == "Invalid HTTP request received."


def test_a_head_without_bounds(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(HEAD + b"X: " + b"a" * 40_000)
        assert_refused(connection, 400)


def test_nothing_speaks_websocket(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert answer(connection)[0] == 200


def test_a_client_that_does_not_read_is_cut_off(services: Services) -> None:
    lost = threading.Event()

    class Noting(HastyProtocol):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    app = FastAPI()

    @app.get("/much")
    def much() -> StreamingResponse:
        return StreamingResponse(bytes(1 << 20) for _ in range(1000))

    server = create_server(app, services.streams, protocol=Noting)
    with running(server) as address, connected(address) as connection:
        connection.sendall(b"GET /much HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        assert lost.wait(10)
