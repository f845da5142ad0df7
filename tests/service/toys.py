"""Small stand-ins: an algorithm whose every ask depends on all tells, and what measures it."""

import hashlib
import zlib
from collections.abc import Callable, Sequence

from search.contracts import Candidate, Failure, Outcome, SearchAlgorithm, Utilisation
from search.spec import SearchSpec
from service.domain.records import Lease
from service.searches.store import Store


class ToyAlgorithm:
    """Asks `budget` candidates, at most `width` at a time; a genome is its index and a digest of the tells so far."""

    stopped_by: str | None = None

    def __init__(self, budget: int = 6, width: int = 2, salt: str = "") -> None:
        self._budget = budget
        self._width = width
        self._salt = salt
        self._asked: list[Candidate] = []
        self.told: dict[int, Outcome] = {}

    @property
    def finished(self) -> bool:
        return len(self.told) == self._budget

    def ask(self) -> Candidate | None:
        if len(self._asked) == self._budget or len(self._asked) - len(self.told) == self._width:
            return None
        told = sorted((index, untimed(outcome)) for index, outcome in self.told.items())
        digest = zlib.crc32(f"{self._salt}{told}".encode())
        self._asked.append(Candidate(len(self._asked), (len(self._asked), digest)))
        return self._asked[-1]

    def tell(self, index: int, outcome: Outcome) -> None:
        if index in self.told or index >= len(self._asked):
            raise ValueError(f"candidate {index} is not awaited")
        self.told[index] = outcome

    def front(self) -> Sequence[Candidate]:
        measured = [each for each in self._asked if isinstance(self.told.get(each.index), dict)]
        return sorted(measured, key=lambda each: each.genome)[:1]

    def chosen(self) -> Candidate | None:
        return next(iter(self.front()), None)


def untimed(outcome: Outcome) -> Outcome:
    """Without what depends on the clock, and in one order: PostgreSQL keeps another."""
    if isinstance(outcome, Failure):
        return outcome
    return {name: value for name, value in sorted(outcome.items()) if name not in ("seconds", "elapsed_seconds")}


def measure(candidate: Candidate) -> Outcome:
    """A score that follows from the genome alone; one in three fails."""
    if candidate.genome[1] % 3 == 0:
        return Failure("diverged")
    return {"accuracy": candidate.genome[1] % 1000 / 1000, "macs": 10.0, "seconds": 0.5}


class ToyRunner:
    """Measures until the algorithm is finished; `after` is called with the number of tells so far."""

    def __init__(self, after: Callable[[int], None] = lambda _tells: None) -> None:
        self._after = after

    def run(self, algorithm: SearchAlgorithm) -> Utilisation:
        tells = 0
        while not algorithm.finished and (candidate := algorithm.ask()) is not None:
            algorithm.tell(candidate.index, measure(candidate))
            tells += 1
            self._after(tells)
        return Utilisation(slots=1, wall_seconds=2.0, scoring_seconds=1.0, candidates=tells)


def toy_key(candidate: Candidate) -> str:
    """A measurement follows from the genome alone."""
    return hashlib.sha256(str(candidate.genome).encode()).hexdigest()


def claim_new(store: Store, spec: SearchSpec | None = None) -> Lease:
    """A search submitted and claimed."""
    search = store.searches.create(spec or SearchSpec(), "1")
    lease = store.leases.claim()
    assert lease is not None
    assert lease.search_id == search.id
    return lease
