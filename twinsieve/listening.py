"""`Listening`: where a reader of events is, and what to do when the connection ends."""

from collections.abc import Iterator

import httpx

from twinsieve.call import Call
from twinsieve.errors import TooManyRequestsError, TwinsieveError, UnavailableError, UnreachableError
from twinsieve.event import ENDED, Event, EventParser
from twinsieve.retries import DEFAULT, ONCE, PATIENT, Retries

PASSES = (UnreachableError, TooManyRequestsError, UnavailableError)
"""What may be over by the next try."""
RECONNECT_SECONDS = 2.0  # after a connection that the server ended in good order


class Listening:
    """One reader of one stream; `last` is the id behind which it goes on, and it is `over` when nothing more comes."""

    def __init__(self, path: str, *, last: str | None, to_the_end: bool, retries: Retries = PATIENT) -> None:
        """With `to_the_end`, the event that ends a search is the last one."""
        self.path = path
        self.last = last
        self.over = False
        self._to_the_end = to_the_end
        self._retries = retries
        self._parser = EventParser()
        self._began = self._brought = False
        self._failures = 0

    def begin(self) -> Call[httpx.Response]:
        """The request of the next connection."""
        self._parser, self._brought = EventParser(), False
        return Call(method="GET", path=self.path, parameters={"last_event_id": self.last}, read=lambda answer: answer)

    def retries(self, first: Retries = DEFAULT) -> Retries:
        """How often to try that one: as any call to begin with, later once, as `lost` counts."""
        return ONCE if self._began else first

    def take(self, chunk: bytes) -> Iterator[Event]:
        """The events that `chunk` completes."""
        for event in self._parser.feed(chunk):
            self._began = self._brought = True
            self._failures = 0
            if event.id is not None:
                self.last = event.id
            if event.name:
                self.over = self._to_the_end and event.name == "state" and event.data["action"] in ENDED
                yield event
                if self.over:
                    return

    def ended(self) -> float:
        """Seconds until the next connection, after one that ended in good order; what brought nothing was the last."""
        self.over = self.over or not self._brought
        return RECONNECT_SECONDS

    def lost(self, error: TwinsieveError, *, luck: float) -> float:
        """Seconds until the next connection, after one that `error` ended.

        Raises:
            TwinsieveError: there is none.
        """
        self._failures += 1
        if not self._began or not isinstance(error, PASSES) or self._failures >= self._retries.attempts:
            raise error
        return self._retries.seconds(self._failures, luck)
