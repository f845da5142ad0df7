"""`CuttingProxy`: stands between a client and PostgreSQL, and cuts the connection at a commit."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

CHUNK = 1 << 16


class Cut(StrEnum):
    """What becomes of the next commit."""

    BEFORE = "the server never hears of it"
    AFTER = "the client never hears that it was done"


class CuttingProxy:
    """Listens on a port of its own; `cut` says what becomes of the next commit, once."""

    def __init__(self, server: str) -> None:
        """`server` is the path of its unix socket."""
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.port: int = self._listening.getsockname()[1]
        self.cut: Cut | None = None
        self.cuts = 0

    def serve(self) -> None:
        """Until it is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._threads.append(threading.Thread(target=self._relay, args=(client,)))
                self._threads[-1].start()

    def close(self) -> None:
        """No further client is let in; those that are in must have gone."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._server)
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for each in ready:
                    data = each.recv(CHUNK)
                    if not data or self._cuts(data, asked=each is client):
                        return
                    (server if each is client else client).sendall(data)

    def _cuts(self, data: bytes, *, asked: bool) -> bool:
        """Whether the connection ends instead of passing `data` on."""
        if self.cut is not (Cut.BEFORE if asked else Cut.AFTER) or b"COMMIT" not in data:
            return False
        self.cut, self.cuts = None, self.cuts + 1
        return True


@contextmanager
def cutting(server: str) -> Iterator[CuttingProxy]:
    """A proxy that serves within the block."""
    proxy = CuttingProxy(server)
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
