"""`Recorded`: a search algorithm whose every ask and tell is a row first, so that it survives its process."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence

from search.contracts import Candidate, Failure, Outcome, SearchAlgorithm
from service.records import Hold, Lease, LeaseLostError, StoredCandidate
from service.store import Store


class ReplayMismatchError(Exception):
    """The rebuilt algorithm asks for something else than the stored history says."""


class Recorded:
    """Decorates `algorithm`: the past is replayed into it on construction, everything after is written down.

    What was asked and never told is handed out again before anything new. When the user cancels or the lease is lost,
    it is `finished`; outcomes that come later than the loss are dropped, as they belong to the next driver.
    """

    def __init__(
        self,
        algorithm: SearchAlgorithm,
        store: Store,
        lease: Lease,
        *,
        version: str,
        poll_seconds: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Replay the stored history of the search under `lease`.

        Raises:
            ReplayMismatchError: this code, of package `version`, asks for other candidates than the stored ones.
        """
        self._algorithm = algorithm
        self._store = store
        self._lease = lease
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._next_poll = -math.inf
        self._hold = Hold.HELD
        history = store.candidates.history(lease.search_id)
        _replay(algorithm, history, stored_by=store.searches.get(lease.search_id).version, version=version)
        self._told = {each.candidate.index for each in history if each.outcome is not None}
        self._in_flight = deque(each.candidate for each in history if each.outcome is None)
        self._asked = {each.candidate.index for each in history}

    @property
    def hold(self) -> Hold:
        """What the lease was worth when last looked at, at most `poll_seconds` ago."""
        if self._hold is not Hold.LOST and self._clock() >= self._next_poll:
            self._hold = self._store.leases.hold(self._lease)
            self._next_poll = self._clock() + self._poll_seconds
        return self._hold

    @property
    def finished(self) -> bool:
        """The algorithm is finished, the user wants the end, or another driver has the search."""
        return self._algorithm.finished or self.hold is not Hold.HELD

    def ask(self) -> Candidate | None:
        """The next candidate, written down before it is returned; None as for any algorithm, and after the end."""
        if self.hold is not Hold.HELD:
            return None
        if self._in_flight:
            return self._in_flight.popleft()
        candidate = self._algorithm.ask()
        if candidate is None:
            return None
        try:
            self._store.candidates.record_ask(self._lease, candidate, len(self._told))
        except LeaseLostError:
            self._hold = Hold.LOST
            return None
        self._asked.add(candidate.index)
        return candidate

    def tell(self, index: int, outcome: Outcome) -> None:
        """Write an outcome down, then pass it on; a second one for the same candidate changes nothing.

        Raises:
            ValueError: no such candidate was asked.
        """
        if index in self._told:
            return
        if index not in self._asked:
            raise ValueError(f"candidate {index} was told but never asked")
        outcome = _storable(outcome)
        seconds = None if isinstance(outcome, Failure) else outcome.get("seconds")
        try:
            self._store.candidates.record_tell(self._lease, index, outcome, seconds)
        except LeaseLostError:
            self._hold = Hold.LOST
            return
        self._told.add(index)
        self._algorithm.tell(index, outcome)

    def front(self) -> Sequence[Candidate]:
        """The algorithm's best so far."""
        return self._algorithm.front()


def _storable(outcome: Outcome) -> Outcome:
    """JSON knows no NaN and no infinity, and a candidate that has one diverged."""
    if isinstance(outcome, Failure):
        return outcome
    broken = [f"{name} is {value}" for name, value in outcome.items() if not math.isfinite(value)]
    return Failure(", ".join(broken)) if broken else outcome


def _replay(algorithm: SearchAlgorithm, history: Sequence[StoredCandidate], *, stored_by: str, version: str) -> None:
    """Ask and tell exactly as it happened."""
    tells = sorted((each for each in history if each.told_order is not None), key=lambda each: each.told_order or 0)
    told = 0
    for each in history:
        for past in tells[told : each.asked_after]:
            _tell(algorithm, past)
        told = each.asked_after
        rebuilt = algorithm.ask()
        if rebuilt != each.candidate:
            raise ReplayMismatchError(
                f"the stored history says {each.candidate}, the rebuilt algorithm asks for {rebuilt} (index "
                f"{each.candidate.index}); it was started by twinsieve {stored_by}, this is {version}: finish it "
                "with the version that started it, or submit it again"
            )
    for past in tells[told:]:
        _tell(algorithm, past)


def _tell(algorithm: SearchAlgorithm, past: StoredCandidate) -> None:
    if past.outcome is not None:
        algorithm.tell(past.candidate.index, past.outcome)
