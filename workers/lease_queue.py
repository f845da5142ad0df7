"""Candidates on their way to workers and back: what a dead worker held goes out again, an outcome counts once."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from search.contracts import Candidate, Failure, Outcome

LEASE_SECONDS = 30.0  # a worker renews three times in this span
MAX_ATTEMPTS = 3  # a candidate that ends this many workers is a failure


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome that came back, and how long its worker took."""

    index: int
    outcome: Outcome
    seconds: float


@dataclass(slots=True)
class _Lease:
    candidate: Candidate
    slot: int
    life: str
    expires: float


class LeaseQueue:
    """Single-threaded state; whoever shares it between processes sees to one call at a time.

    A worker is a `slot`, and each start of it a `life`: when a slot begins a new life, what its old one held is
    handed out again at once; what a worker holds that stays silent for `LEASE_SECONDS` is as well.
    """

    def __init__(self, clock: Callable[[], float], *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._waiting: deque[Candidate] = deque()
        self._leases: dict[int, _Lease] = {}
        self._attempts: dict[int, int] = {}
        self._told: deque[Told] = deque()
        self._lives: dict[int, str] = {}
        self.closed = False
        self.error: str | None = None

    def put(self, candidate: Candidate) -> None:
        """Hand `candidate` to the next free worker."""
        self._attempts[candidate.index] = 0
        self._waiting.append(candidate)

    def begin(self, slot: int, life: str) -> None:
        """A worker has loaded its backbone and will ask for work."""
        self._lives[slot] = life
        self._take_back(lambda lease: lease.slot == slot and lease.life != life)

    def lease(self, slot: int, life: str) -> Candidate | None:
        """The next candidate for a worker; None while there is none, or when another life has its slot."""
        self.expire()
        if self.closed or not self._waiting or self._lives.get(slot) != life:
            return None
        candidate = self._waiting.popleft()
        self._attempts[candidate.index] += 1
        self._leases[candidate.index] = _Lease(candidate, slot, life, self._clock() + self._lease_seconds)
        return candidate

    def renew(self, slot: int, life: str) -> None:
        """The worker is alive and still at it."""
        for lease in self._leases.values():
            if (lease.slot, lease.life) == (slot, life):
                lease.expires = self._clock() + self._lease_seconds

    def complete(self, told: Told) -> bool:
        """Take an outcome; False if this candidate has one already, whoever told it."""
        if told.index not in self._attempts:
            return False
        del self._attempts[told.index]
        self._leases.pop(told.index, None)
        self._waiting = deque(candidate for candidate in self._waiting if candidate.index != told.index)
        self._told.append(told)
        return True

    def drain(self) -> list[Told]:
        """The outcomes since the last call, in the order they came."""
        self.expire()
        drained = list(self._told)
        self._told.clear()
        return drained

    def expire(self) -> None:
        """Take back what silent workers hold."""
        now = self._clock()
        self._take_back(lambda lease: lease.expires <= now)

    def close(self, error: str | None = None) -> None:
        """No more work; with an `error`, because a worker cannot do this search at all."""
        self.closed = True
        self.error = self.error or error

    def _take_back(self, lost: Callable[[_Lease], bool]) -> None:
        """Lost candidates go first in line, so that a generation is not held up by its oldest member."""
        for lease in [lease for lease in self._leases.values() if lost(lease)]:
            index = lease.candidate.index
            del self._leases[index]
            if self._attempts[index] >= MAX_ATTEMPTS:
                self.complete(Told(index, Failure(f"its worker died {MAX_ATTEMPTS} times"), 0.0))
            else:
                self._waiting.appendleft(lease.candidate)
