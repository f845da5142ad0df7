"""`Recorded`: a search algorithm whose every ask and tell is a row first, so that it survives its process."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence

from search.contracts import Candidate, Failure, Outcome, SearchAlgorithm
from service.domain.records import ELAPSED, RAY_JOB, Credit, Hold, Lease, LeaseLostError, StoredCandidate, Wishes
from service.searches.reuse import Reuse
from service.searches.store import Store

FRONT_SECONDS = 1.0  # at least, between two looks at the front of a search that goes on
FRONT_SHARE = 0.05  # of the time, at most, for these looks: a long history takes a while to sort
LOST = Wishes(Hold.LOST, None)


class ReplayMismatchError(Exception):
    """The rebuilt algorithm asks for something else than the stored history says."""


class Recorded:
    """Decorates `algorithm`: the past is replayed into it on construction, everything after is written down.

    What was asked and never told is handed out again before anything new; what an earlier search measured already is
    told at once instead. When the user cancels or the lease is lost, it is `finished`; outcomes that come later than
    the loss are dropped, as they belong to the next driver. Every measurement says how long the search runs by then.

    Which candidates are the best so far is written for clients now and then, and at the end. Where a driver is killed
    and none follows, as the search is cancelled meanwhile, that may lack what was told in the last moment.
    """

    def __init__(
        self,
        algorithm: SearchAlgorithm,
        store: Store,
        lease: Lease,
        *,
        version: str,
        reuse: Reuse | None = None,
        poll_seconds: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Replay the stored history of the search under `lease`; without `reuse` every candidate goes to a worker.

        Raises:
            ReplayMismatchError: this code, of package `version`, asks for other candidates than the stored ones.
        """
        self._algorithm = algorithm
        self._store = store
        self._lease = lease
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._next_poll = -math.inf
        self._wishes = Wishes(Hold.HELD, None)
        self._reuse = reuse if reuse is not None else Reuse(store.candidates, lambda _: None, wanted=False)
        search, history = store.searches.get(lease.search_id), store.candidates.history(lease.search_id)
        self._began = store.searches.began(lease.search_id)
        _replay(algorithm, history, stored_by=search.version, version=version)
        self._told = {each.candidate.index for each in history if each.outcome is not None}
        self._in_flight = deque(each.candidate for each in history if each.outcome is None)
        self._asked = {each.candidate.index: each.candidate for each in history}
        self._front, self._next_front = search.front, -math.inf
        self._credits: dict[int, Credit] = {}
        if history:
            self._catch_up()

    @property
    def hold(self) -> Hold:
        """What the lease was worth when last looked at, at most `poll_seconds` ago."""
        return self._look().hold

    @property
    def slots(self) -> int | None:
        """How many workers the user wanted by then; None as long as nobody resized the search."""
        return self._look().slots

    @property
    def finished(self) -> bool:
        """The algorithm is finished, the user wants the end, or another driver has the search."""
        return self._algorithm.finished or self.hold is not Hold.HELD

    def ask(self) -> Candidate | None:
        """The next candidate for a worker, written down first; None as for any algorithm, and after the end."""
        while (candidate := self._next()) is not None:
            if (earlier := self._reuse.found(candidate)) is None:
                return candidate
            self._enter(candidate, earlier.measurement, reused_from=earlier.search_id)
        return None

    def _next(self) -> Candidate | None:
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
            self._wishes = LOST
            return None
        self._asked[candidate.index] = candidate
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
        self._enter(self._asked[index], _storable(outcome))

    def works_as(self, job: str) -> None:
        """Write down which job of the cluster works on the search."""
        try:
            self._store.leases.note(self._lease, {RAY_JOB: job})
        except LeaseLostError:
            self._wishes = LOST

    def credit(self, index: int, worker: str, seconds: float) -> None:
        """The outcome that is told next for a candidate is a worker's, who took so long."""
        self._credits[index] = Credit(worker, seconds)

    def front(self) -> Sequence[Candidate]:
        """The algorithm's best so far."""
        return self._algorithm.front()

    def _look(self) -> Wishes:
        # a break is final for this driver, as the runner may have begun to stop when the user thinks better of it
        if self._wishes.hold not in (Hold.LOST, Hold.PAUSED) and self._clock() >= self._next_poll:
            self._wishes = self._store.leases.wishes(self._lease)
            self._next_poll = self._clock() + self._poll_seconds
            if self._wishes.hold not in (Hold.HELD, Hold.LOST):
                self._show_front()
        return self._wishes

    def _enter(self, candidate: Candidate, outcome: Outcome, *, reused_from: str | None = None) -> None:
        """A row, then the algorithm's; neither once the lease is lost."""
        seconds = None if isinstance(outcome, Failure) else outcome.get("seconds")
        if not isinstance(outcome, Failure):
            outcome = {**outcome, ELAPSED: self._elapsed_seconds()}
        key, credit = self._reuse.key(candidate), self._credits.pop(candidate.index, None)
        try:
            self._store.candidates.record_tell(
                self._lease,
                candidate.index,
                outcome,
                seconds,
                measure_key=key,
                reused_from=reused_from,
                credit=credit,
            )
        except LeaseLostError:
            self._wishes = LOST
            return
        self._told.add(candidate.index)
        self._algorithm.tell(candidate.index, outcome)
        over = self._algorithm.finished or self._wishes.hold is not Hold.HELD
        if over or self._clock() >= self._next_front:
            self._show_front()

    def _catch_up(self) -> None:
        """What drivers before this one could not write, or did not know of."""
        try:
            self._store.candidates.recount(self._lease)
        except LeaseLostError:
            self._wishes = LOST
            return
        self._show_front()

    def _show_front(self) -> None:
        """Write the front down if it has changed."""
        began = self._clock()
        front = self._measured_front()
        ended = self._clock()
        self._next_front = ended + max(FRONT_SECONDS, (ended - began) / FRONT_SHARE)
        if front == self._front:
            return
        try:
            self._store.candidates.record_front(self._lease, front)
        except LeaseLostError:
            self._wishes = LOST
            return
        self._front = front

    def _measured_front(self) -> Sequence[int] | None:
        """Indices; None where it names decisions alone, which are no rows: the rows then say what is best."""
        front = self._algorithm.front()
        measured = [each.index for each in front if self._asked.get(each.index) == each and each.index in self._told]
        return measured if measured or not front else None

    def _elapsed_seconds(self) -> float:
        """Since the search first began, the time between two drivers included; never below 0, whatever clocks do."""
        return max(0.0, (self._store.clock() - self._began).total_seconds())


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
