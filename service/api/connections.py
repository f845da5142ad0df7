"""`create_server`: uvicorn as we run it, with patience for slow clients that ends."""

import asyncio
from http import HTTPStatus
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.api.problems import respond
from service.api.streams import Streams

HEAD_SECONDS = 10.0  # from the first byte of a request, or from the connection, to the end of its head
READ_SECONDS = 60.0  # for a client to take what we send, as long as it takes nothing
IDLE_SECONDS = 15  # between two requests of one connection
STOP_SECONDS = 3  # for answers under way, when the server stops
MAX_HEAD_BYTES = 32 * 1024


class PatientProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, which itself waits for ever: for the end of a head, for a client that reads."""

    head_seconds = HEAD_SECONDS
    read_seconds = READ_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's, passed on
        super().__init__(*arguments, **named)
        self._head_timer: asyncio.TimerHandle | None = None
        self._read_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """A client is there, and shall say what it wants."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def data_received(self, data: bytes) -> None:
        """Bytes of a head, which time is measured from the first of them, or of a body."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._cancel_head()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self._cancel_head()
        self._cancel_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes nothing for now."""
        super().pause_writing()
        self._read_timer = self.loop.call_later(self.read_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client takes what we send."""
        self._cancel_read()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; such a client gets a problem document too."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"no whole request came within {self.head_seconds:g} s")

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        answer = respond(status, detail, headers={"Connection": "close"})
        head = h11.Response(status_code=status, headers=answer.raw_headers, reason=status.phrase.encode())
        for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _cancel_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _cancel_read(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None


def create_server(
    app: ASGIApp, streams: Streams, *, protocol: type[PatientProtocol] = PatientProtocol, port: int = 0
) -> uvicorn.Server:
    """A server of `app`, to be run on a socket of the caller's or on `port`; logs go where `logs.configure` sends them.

    It says nothing of itself in its answers, speaks no WebSocket, and ends `streams` when it stops. Whose address a
    request has behind a proxy on another machine is taken from the proxies in FORWARDED_ALLOW_IPS, uvicorn's variable.
    """
    config = uvicorn.Config(
        app,
        port=port,
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
    )
    server = uvicorn.Server(config)
    streams.end_when(lambda: server.should_exit)
    return server
