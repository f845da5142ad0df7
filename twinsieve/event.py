"""`Event`: something that happened, and the parser of the streams that tell of it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

ENDED = frozenset({"succeeded", "failed", "cancelled"})
"""How a search ends, as states and as events: nothing is measured for it later."""


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event; `name` is empty where the server only says from where to go on."""

    name: str  # state: an entry of the journal; candidate: an outcome; progress: counts
    id: str | None
    data: Any  # JSON


class EventParser:
    """Takes a stream in pieces, cut anywhere, as the HTML standard has it; events of this service have one data line.

    The standard drops an event without data; here it comes as one without a name, for the id to resume from.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._fields = dict[bytes, bytes]()

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that are whole now."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if line and not line.startswith(b":"):
                name, _, value = line.partition(b":")
                self._fields[name] = value.removeprefix(b" ")
            elif not line and self._fields:
                fields, self._fields = self._fields, {}
                yield _event(fields)


def parsed(chunks: Iterable[bytes]) -> Iterator[Event]:
    """The events in a stream of bytes."""
    parser = EventParser()
    for chunk in chunks:
        yield from parser.feed(chunk)


def _event(fields: dict[bytes, bytes]) -> Event:
    data = fields.get(b"data")
    found = fields.get(b"id")
    name = "" if data is None else fields.get(b"event", b"message").decode()
    return Event(name, None if found is None else found.decode(), None if data is None else json.loads(data))
