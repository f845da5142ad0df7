"""The lease queue as a Ray actor: workers wait here for candidates, the driver for outcomes."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from search.contracts import Candidate, Fidelity
from workers.attendance import Presence
from workers.lease_queue import LeaseQueue, Sizes, Told

WAIT_SECONDS = 1.0  # how long a call waits before it comes back empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a worker brings and wants. `turn` counts its requests: a later one takes the place of one that waits."""

    slot: int
    life: str
    turn: int
    told: Sequence[Told]
    sizes: Sizes
    ahead: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker gets: a pack of candidates, or none for now, or none ever again; or it is asked for a pack size."""

    candidates: Sequence[Candidate] = ()
    closed: bool = False
    asked: Fidelity | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What the driver gets: outcomes, how many candidates may be out, and why workers cannot go on, if they cannot."""

    told: Sequence[Told]
    room: int
    error: str | None


NOTHING, CLOSED = Work(), Work(closed=True)


class QueueActor:
    """Every method runs on one event loop, so the queue sees one call at a time."""

    def __init__(self) -> None:
        self._queue = LeaseQueue(time.monotonic)
        self._turns: dict[str, int] = {}  # by life
        self._waiting: dict[str, tuple[Request, asyncio.Future[Work]]] = {}  # by life
        self._news = asyncio.Event()
        self._able = False  # a worker has told an outcome, so the search can be done
        self._more_than: int | None = None  # candidates: if there is room for more, the driver wants to know

    async def begin(self, slot: int, life: str) -> None:
        """A worker has started, perhaps again."""
        self._queue.begin(slot, life)
        self._changed()

    async def next(self, request: Request) -> Work:
        """Take the outcomes a worker brings and give it the next pack; waits for one."""
        self._take(request.told)
        self._queue.renew(request.slot, request.life)
        if self._turns.get(request.life, -1) > request.turn:
            return NOTHING  # overtaken on the way
        self._turns[request.life] = request.turn
        self._answer(request.life, NOTHING)
        self._queue.start(request.slot, request.life)
        if not request.ahead and self._queue.holds(request.slot, request.life):
            return NOTHING  # what it asked for ahead is on its way
        return await self._wait(request)

    async def tell(self, slot: int, life: str, *, told: Sequence[Told]) -> None:
        """Take the outcomes a worker brings, who now takes up what it holds."""
        self._take(told)
        self._queue.renew(slot, life)
        self._queue.start(slot, life)

    async def renew(self, slot: int, life: str) -> None:
        """A sign of life."""
        self._queue.renew(slot, life)

    async def end(self, slot: int, life: str) -> None:
        """A worker goes home."""
        self._queue.end(slot, life)
        self._changed()

    async def lose(self, slot: int) -> None:
        """A worker is known to be dead; what it held goes to the others."""
        self._queue.lose(slot)
        self._changed()

    async def retire(self, slot: int) -> None:
        """A worker finishes what it holds, then goes home."""
        self._queue.retire(slot)
        self._serve()

    async def exchange(self, candidates: Sequence[Candidate], more_than: int | None) -> News:
        """Hand candidates to the workers, in order; wait for an outcome, or for room for more than `more_than`."""
        for candidate in candidates:
            self._queue.put(candidate)
        self._more_than = more_than
        self._serve()
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            self._news.clear()
            told = self._queue.drain()
            if told or self._roomy or self._queue.error is not None or not await self._news_before(deadline):
                return News(told, self._queue.room, self._queue.error)

    async def presence(self) -> Presence:
        """The workers' time so far."""
        return self._queue.presence()

    async def refuse(self, reason: str) -> bool:
        """A worker cannot do this search: that ends it, unless another has shown that it can; whether it is over."""
        if not self._able:
            await self.close(reason)
        return self._queue.closed

    async def close(self, error: str | None = None) -> None:
        """Send the workers home."""
        self._queue.close(error)
        self._serve()
        self._news.set()

    async def _wait(self, request: Request) -> Work:
        future: asyncio.Future[Work] = asyncio.get_running_loop().create_future()
        self._waiting[request.life] = (request, future)
        self._serve()
        done, _ = await asyncio.wait([future], timeout=WAIT_SECONDS)
        if not done:
            del self._waiting[request.life]
        return future.result() if done else NOTHING

    def _take(self, told: Sequence[Told]) -> None:
        self._able = self._able or bool(told)
        if [each for each in told if self._queue.complete(each)]:
            self._news.set()

    def _serve(self) -> None:
        """Give what waits to those who wait: first to those who have nothing to do."""
        for life, (request, _) in sorted(self._waiting.items(), key=lambda item: item[1][0].ahead):
            if (work := self._work(request)) != NOTHING:
                self._answer(life, work)
        if self._roomy:
            self._news.set()

    def _work(self, request: Request) -> Work:
        if self._queue.dismissed(request.slot, request.life):
            return CLOSED
        fidelity = self._queue.next_fidelity
        if fidelity is None:
            return NOTHING
        if fidelity not in request.sizes:
            return Work(asked=fidelity)
        return Work(tuple(self._queue.lease(request.slot, request.life, request.sizes, ahead=request.ahead)))

    @property
    def _roomy(self) -> bool:
        return self._more_than is not None and self._queue.room > self._more_than

    def _answer(self, life: str, work: Work) -> None:
        if life in self._waiting:
            _, future = self._waiting.pop(life)
            future.set_result(work)

    def _changed(self) -> None:
        self._serve()
        self._news.set()

    async def _news_before(self, deadline: float) -> bool:
        try:
            await asyncio.wait_for(self._news.wait(), max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            return False
        return True


def start_queue() -> Any:  # noqa: ANN401 - Ray's handle
    """A queue that takes no worker's place: zero CPUs, and thousands of waiting calls. It lives beside its driver."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(QueueActor).options(num_cpus=0, max_concurrency=4096, scheduling_strategy=here).remote()
