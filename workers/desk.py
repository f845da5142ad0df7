"""`Desk`: the queue as one worker sees it, where outcomes are handed in and the next pack is picked up."""

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import ray

from search.contracts import Candidate, Fidelity
from workers.lease_queue import Told
from workers.queue_actor import Request, Work

SHORT_SECONDS = 1.0  # a pack that takes longer does not notice the way to the queue, and would be in the way of a stop


class Desk:
    """While packs are short the next one is asked for before the present one is done (prefetch): no worker waits."""

    _size: Callable[[Fidelity], int]

    def __init__(self, queue: Any, slot: int) -> None:  # noqa: ANN401 - an actor
        self._queue = queue
        self._slot = slot
        self._fidelities: set[Fidelity] = set()
        self._life = uuid.uuid4().hex
        self._turn = 0
        self._ahead: ray.ObjectRef[Work] | None = None
        self._taken = float("-inf")

    def begin(self) -> None:
        """Say that this worker has started."""
        ray.get(self._queue.begin.remote(self._slot, self._life))

    def renew(self) -> None:
        """Say that this worker is alive."""
        self._queue.renew.remote(self._slot, self._life)

    def end(self) -> None:
        """Say that this worker goes home."""
        ray.get(self._queue.end.remote(self._slot, self._life))

    def refuse(self, reason: str) -> bool:
        """Say that this worker cannot do the search, and why; whether the search is over."""
        over: bool = ray.get(self._queue.refuse.remote(reason))
        return over

    def next(self, told: Sequence[Told], size: Callable[[Fidelity], int]) -> Sequence[Candidate] | None:
        """Hand in the outcomes of the last pack, get the next one; None when there is none ever again.

        `size` says how many candidates this worker wants at once; it is asked of fidelities that come up alone.
        """
        self._size = size
        short = time.perf_counter() - self._taken < SHORT_SECONDS
        pack = self._prepared()
        if pack:
            self._pass_on(told, ahead=short)
        elif (fresh := self._fresh(told)) is None:
            return None
        else:
            pack = fresh
            self._pass_on((), ahead=short)
        self._taken = time.perf_counter()
        return pack

    def _prepared(self) -> Sequence[Candidate]:
        """What was asked for ahead, if it has come."""
        if self._ahead is None or not ray.wait([self._ahead], timeout=0)[0]:
            return ()
        return self._collect()

    def _collect(self) -> Sequence[Candidate]:
        """What was asked for ahead, and is answered."""
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return ()
        work = ray.get(ahead)
        self._note(work)
        return work.candidates

    def _note(self, work: Work) -> None:
        if work.asked is not None:
            self._fidelities.add(work.asked)

    def _fresh(self, told: Sequence[Told]) -> Sequence[Candidate] | None:
        while True:
            work: Work = ray.get(self._ask(told, ahead=False))  # which has the earlier request answered, too
            pack = [*self._collect(), *work.candidates]
            if pack or work.closed:
                return pack or None
            self._note(work)
            told = ()

    def _pass_on(self, told: Sequence[Told], *, ahead: bool) -> None:
        """Either way the queue hears that the pack it gave out has been taken up."""
        if ahead:
            self._ahead = self._ask(told, ahead=True)
        else:
            self._queue.tell.remote(self._slot, self._life, told=told)

    def _ask(self, told: Sequence[Told], *, ahead: bool) -> "ray.ObjectRef[Work]":
        self._turn += 1
        sizes = {fidelity: self._size(fidelity) for fidelity in self._fidelities}
        request = Request(slot=self._slot, life=self._life, turn=self._turn, told=told, sizes=sizes, ahead=ahead)
        found: ray.ObjectRef[Work] = self._queue.next.remote(request)
        return found
