"""`followed`: the events of a stream, however often the connection is lost."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from service.cli.client import Client
from service.cli.errors import UserError

TRIES = 5  # in a row that bring nothing
RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; `name` is empty where the server only says from where to go on."""

    name: str
    id: str | None
    data: Any  # JSON


class Followed:
    """The events at `path` behind the one of id `last`, as they come; `last` moves with them."""

    def __init__(
        self, client: Client, path: str, *, last: str | None, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._path = path
        self._wait = wait
        self.last = last

    def __iter__(self) -> Iterator[ServerEvent]:
        """Until the server has nothing more.

        Raises:
            UserError: it cannot be reached, or refuses.
        """
        began, failures = False, 0
        while True:
            brought = 0
            try:
                for event in self._once():
                    brought, began, failures = brought + 1, True, 0
                    if event.name:
                        yield event
            except UserError:
                failures += 1
                if not began or failures == TRIES:
                    raise
            else:
                if not brought:  # no content: it is over
                    return
            self._wait(RETRY_SECONDS)

    def _once(self) -> Iterator[ServerEvent]:
        where = self._path if self.last is None else f"{self._path}?last_event_id={quote(self.last, safe='')}"
        with self._client.stream(where) as chunks:
            for event in parsed(chunks):
                if event.id is not None:
                    self.last = event.id
                yield event


def parsed(chunks: Iterable[bytes]) -> Iterator[ServerEvent]:
    """The events in a stream of bytes, as the HTML standard has them; ours have one line of data."""
    rest, fields = b"", dict[bytes, bytes]()
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line and not line.startswith(b":"):
                name, _, value = line.partition(b":")
                fields[name] = value.removeprefix(b" ")
            elif not line and fields:
                yield _event(fields)
                fields = {}


def _event(fields: dict[bytes, bytes]) -> ServerEvent:
    data = fields.get(b"data")
    found = fields.get(b"id")
    name = "" if data is None else fields.get(b"event", b"message").decode()
    return ServerEvent(name, None if found is None else found.decode(), None if data is None else json.loads(data))
