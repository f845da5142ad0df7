"""A client that speaks HTTP by hand, as slowly as a test wants."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import h11


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    """A connection to the server at an address such as http://127.0.0.1:8321."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        yield connection


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the next answer."""
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    reader.send(h11.EndOfMessage())
    status, headers, body = 0, {}, b""
    while not isinstance(event := reader.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            reader.receive_data(connection.recv(65536))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode(): value.decode() for name, value in event.headers}
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
    return status, headers, body


def ended(connection: socket.socket) -> bool:
    """The server has closed the connection."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
