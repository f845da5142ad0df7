"""`ActorCounter`: the queue actor as the pump sees it; about once a second it looks after the number of workers."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import ray

from search.contracts import Candidate, RunnerError
from workers.attendance import Presence
from workers.lease_queue import FIRST_ROOM, Told
from workers.queue_actor import News
from workers.room import Room
from workers.roster import Roster

LOOK_SECONDS = 1.0


class WorkersGoneError(Exception):
    """Tune has no trial left, so nothing will ever be told again."""


class ActorCounter:
    """A `Counter`; `stopped` is set when no worker will come any more."""

    def __init__(
        self,
        queue: Any,  # noqa: ANN401 - an actor
        slots: Callable[[], int],
        *,
        room: Room,
        roster: Roster,
    ) -> None:
        self.stopped = threading.Event()
        self._queue = queue
        self._slots = slots
        self._nodes = room
        self._roster = roster
        self._room = FIRST_ROOM
        self._looked = time.monotonic()

    @property
    def room(self) -> int:
        """How many candidates may be out."""
        return self._room

    def exchange(self, candidates: Sequence[Candidate], *, more: bool) -> Sequence[Told]:
        """Hand candidates over, pick outcomes up.

        Raises:
            RunnerError: the workers cannot do this search, or there is no node for them.
            WorkersGoneError: there are none, and there will be none.
        """
        self._look_after_workers()
        news: News = ray.get(self._queue.exchange.remote(candidates, self._room if more else None))
        if news.error is not None:
            raise RunnerError(news.error)
        if self.stopped.is_set() and not news.told:
            raise WorkersGoneError
        self._room = news.room
        return news.told

    def presence(self) -> Presence:
        """The workers' time so far."""
        found: Presence = ray.get(self._queue.presence.remote())
        return found

    def close(self) -> None:
        """Send the workers home."""
        ray.get(self._queue.close.remote())

    def _look_after_workers(self) -> None:
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            self._roster.wanted = self._slots()
            self._nodes.check()
