"""Candidates on their way to workers and back: what a dead worker held goes out again, an outcome counts once."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from search.contracts import Candidate, Failure, Fidelity, Outcome
from workers.attendance import Attendance, Presence

LEASE_SECONDS = 30.0  # a worker renews three times in this span
MAX_ATTEMPTS = 3  # a candidate that ends this many workers is a failure
AHEAD = 3  # packs per worker that may be out: one in hand, one held ready, one in line
FIRST_ROOM = 2  # candidates asked for before any worker is there

Sizes = Mapping[Fidelity, int]
"""How many candidates a worker wants at once; one where nothing is said."""


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome that came back, and how long its worker took: its share of the time of its pack."""

    index: int
    outcome: Outcome
    seconds: float
    worker: str | None = None  # its host and slot; None where no worker has brought it


_Worker = tuple[int, str]  # slot and life


@dataclass(slots=True)
class _Lease:
    candidate: Candidate
    slot: int
    life: str
    started: bool = False


class LeaseQueue:
    """Single-threaded state; whoever shares it between processes sees to one call at a time.

    A worker is a `slot`, and each start of it a `life`: when a slot begins a new life, what its old one held is
    handed out again at once; what a worker holds that stays silent for `LEASE_SECONDS` is as well.
    """

    def __init__(self, clock: Callable[[], float], *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._attendance = Attendance(clock, silence=lease_seconds)
        self._waiting: deque[Candidate] = deque()
        self._leases: dict[int, _Lease] = {}  # by candidate
        self._holding: dict[_Worker, dict[int, _Lease]] = {}  # the same by worker: no call looks through all of them
        self._attempts: dict[int, int] = {}
        self._told: deque[Told] = deque()
        self._sizes: dict[int, Sizes] = {}
        self._retired: set[int] = set()
        self._stage = Fidelity.PROXY
        self.closed = False
        self.error: str | None = None

    def put(self, candidate: Candidate) -> None:
        """Hand `candidate` to the next free worker."""
        self._attempts[candidate.index] = 0
        self._stage = candidate.fidelity
        self._waiting.append(candidate)

    def begin(self, slot: int, life: str) -> None:
        """A worker has started and will ask for work, once it has loaded what it needs."""
        self._attendance.arrive(slot, life)
        self._take_back()

    def end(self, slot: int, life: str) -> None:
        """A worker has gone home."""
        self._attendance.leave(slot, life)
        self._take_back()

    def lose(self, slot: int) -> None:
        """A worker is known to be dead."""
        self._attendance.lose(slot)
        self._take_back()

    def retire(self, slot: int) -> None:
        """A worker gets nothing more; what it holds it finishes."""
        self._retired.add(slot)

    def dismissed(self, slot: int, life: str) -> bool:
        """Whether a worker gets nothing ever again: the search is over, it is retired, or another life has its slot."""
        return self.closed or slot in self._retired or not self._attendance.current(slot, life)

    def lease(self, slot: int, life: str, sizes: Sizes, *, ahead: bool = False) -> list[Candidate]:
        """The next pack for a worker: candidates of one fidelity, at most its fair share of what waits.

        Empty while there is none, or when the worker is silent or another life has its slot. A worker that asks
        `ahead` of finishing what it holds gets a pack only while every worker could get a whole one, so that none runs
        dry for it. To be given work is no sign of life: whoever asked may have died while it waited.
        """
        self.expire()
        if not self._waiting or self.dismissed(slot, life) or not self._attendance.has(slot, life):
            return []
        self._sizes[slot] = sizes
        first = self._waiting[0]
        size = 1 if self._attempts[first.index] else max(1, sizes.get(first.fidelity, 1))
        if ahead and len(self._waiting) < size * len(self._attendance):
            return []
        pack = self._pack(first, min(size, -(-len(self._waiting) // len(self._attendance))))
        self._attendance.meter()
        for candidate in pack:
            lease = _Lease(candidate, slot, life)
            self._leases[candidate.index] = lease
            self._holding.setdefault((slot, life), {})[candidate.index] = lease
        return pack

    def start(self, slot: int, life: str) -> None:
        """The worker takes up what it holds: if it dies now, these candidates may be why."""
        for lease in self._holding.get((slot, life), {}).values():
            lease.started = True

    def holds(self, slot: int, life: str) -> bool:
        """Whether the worker still has candidates to answer for."""
        return bool(self._holding.get((slot, life)))

    def renew(self, slot: int, life: str) -> None:
        """The worker is alive and still at it."""
        self._attendance.sign(slot, life)

    def complete(self, told: Told) -> bool:
        """Take an outcome; False if this candidate has one already, whoever told it."""
        if told.index not in self._attempts:
            return False
        del self._attempts[told.index]
        if not self._let_go(told.index):  # told after all, by a worker that was given up
            self._waiting = deque(candidate for candidate in self._waiting if candidate.index != told.index)
        self._told.append(told)
        return True

    def drain(self) -> list[Told]:
        """The outcomes since the last call, in the order they came."""
        self.expire()
        drained = list(self._told)
        self._told.clear()
        return drained

    @property
    def next_fidelity(self) -> Fidelity | None:
        """Of the first in line: what a worker must have said its pack size of."""
        return self._waiting[0].fidelity if self._waiting else None

    @property
    def room(self) -> int:
        """How many candidates may be out, so that a stop is quick and no worker runs dry."""
        wanted = (self._sizes.get(slot, {}).get(self._stage, 1) for slot in self._attendance.slots)
        return max(FIRST_ROOM, AHEAD * sum(wanted))

    def presence(self) -> Presence:
        """The workers' time since the first candidate went out."""
        return self._attendance.presence()

    def expire(self) -> None:
        """Take back what silent workers hold."""
        if self._attendance.expire():
            self._take_back()

    def close(self, error: str | None = None) -> None:
        """No more work; with an `error`, because a worker cannot do this search at all."""
        self.closed = True
        self.error = self.error or error

    def _let_go(self, index: int) -> bool:
        """End the lease of a candidate; False if it has none."""
        lease = self._leases.pop(index, None)
        if lease is None:
            return False
        held = self._holding[lease.slot, lease.life]
        del held[index]
        if not held:
            del self._holding[lease.slot, lease.life]
        return True

    def _pack(self, first: Candidate, size: int) -> list[Candidate]:
        """At most `size` from the line, the first of all and those like it; what ended a worker goes out alone."""
        pack: list[Candidate] = []
        passed: list[Candidate] = []
        while self._waiting and len(pack) < size:
            candidate = self._waiting.popleft()
            fits = candidate is first or (candidate.fidelity is first.fidelity and not self._attempts[candidate.index])
            (pack if fits else passed).append(candidate)
        self._waiting.extendleft(reversed(passed))
        return pack

    def _take_back(self) -> None:
        """Lost candidates go first in line, so that a generation is not held up by its oldest member."""
        gone = [held for worker, held in self._holding.items() if not self._attendance.has(*worker)]
        lost = sorted((lease for held in gone for lease in held.values()), key=lambda lease: lease.candidate.index)
        for lease in reversed(lost):
            index = lease.candidate.index
            self._let_go(index)
            self._attempts[index] += lease.started
            if self._attempts[index] >= MAX_ATTEMPTS:
                self.complete(Told(index, Failure(f"its worker died {MAX_ATTEMPTS} times"), 0.0))
            else:
                self._waiting.appendleft(lease.candidate)
