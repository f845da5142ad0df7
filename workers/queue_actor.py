"""The lease queue as a Ray actor: workers wait here for candidates, the driver for outcomes."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray

from search.contracts import Candidate
from workers.lease_queue import LeaseQueue, Told

WAIT_SECONDS = 1.0  # how long a call waits before it comes back empty


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker gets: a candidate, or none for now, or none ever again."""

    candidate: Candidate | None
    closed: bool


@dataclass(frozen=True, slots=True)
class News:
    """What the driver gets: the outcomes since it last asked, and why workers cannot go on, if they cannot."""

    told: list[Told]
    error: str | None


class QueueActor:
    """Every method runs on one event loop, so the queue sees one call at a time."""

    def __init__(self) -> None:
        self._queue = LeaseQueue(time.monotonic)
        self._changed = asyncio.Condition()

    async def put(self, candidates: Sequence[Candidate]) -> None:
        """Hand candidates to the workers, in order."""
        for candidate in candidates:
            self._queue.put(candidate)
        await self._notify()

    async def begin(self, slot: int, life: str) -> None:
        """A worker has started, perhaps again."""
        self._queue.begin(slot, life)
        await self._notify()

    async def next(self, slot: int, life: str, told: Told | None) -> Work:
        """Take the outcome a worker brings and give it the next candidate; waits for one."""
        if told is not None and self._queue.complete(told):
            await self._notify()
        deadline = time.monotonic() + WAIT_SECONDS
        while not self._queue.closed:
            if (candidate := self._queue.lease(slot, life)) is not None:
                return Work(candidate, closed=False)
            if not await self._change_before(deadline):
                return Work(None, closed=False)
        return Work(None, closed=True)

    async def renew(self, slot: int, life: str) -> None:
        """A sign of life."""
        self._queue.renew(slot, life)

    async def drain(self) -> News:
        """Outcomes for the driver; waits for the first."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (told := self._queue.drain()) and self._queue.error is None:
            if not await self._change_before(deadline):
                break
        return News(told, self._queue.error)

    async def close(self, error: str | None = None) -> None:
        """Send the workers home."""
        self._queue.close(error)
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _change_before(self, deadline: float) -> bool:
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                return False
            return True


def start_queue() -> Any:  # noqa: ANN401 - Ray's handle
    """A queue that takes no worker's place: zero CPUs, and thousands of waiting calls."""
    return ray.remote(QueueActor).options(num_cpus=0, max_concurrency=4096).remote()
