"""`AskTell`: what every search algorithm here shares; a subclass says which chromosomes come next."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Sequence
from typing import Self

from search.contracts import Candidate, Fidelity, Genome, Outcome
from search.fidelity_spec import FidelitySpec
from search.ranking import best, pareto_front
from search.sieve import Batch, Sieve
from search.sparse_ledger import SparseLedger
from search.spec import Objective


class AskTell(ABC):
    """Asks at most `candidates` different chromosomes at PROXY, and ends early when there are no more.

    A subclass calls `_refill` at the end of its `__init__`; `finished` then knows at once whether another ask comes.
    It sees proxies alone: `_ledger` holds their outcomes, and awaits also those that a batch in the sieve will send.
    """

    def __init__(self, objectives: Sequence[Objective], candidates: int, *, first_index: int = 0) -> None:
        self._objectives = tuple(objectives)
        self._candidates = candidates
        self._next_index = first_index
        self._ledger = SparseLedger(objectives)
        self._sieve = Sieve(FidelitySpec(), objectives)
        self._certain: Collection[Genome] = ()
        self._waiting: deque[tuple[Genome, Batch]] = deque()
        self._batches: dict[int, Batch] = {}  # of each candidate below PROXY

    def through(self, sieve: Sieve) -> Self:
        """Let batches pass `sieve` first; to be said before the first ask."""
        proposed = [genome for genome, _ in self._waiting]
        self._waiting.clear()
        self._ledger.held = 0
        self._sieve = sieve
        self._open(proposed)
        return self

    @abstractmethod
    def _propose(self, room: int) -> Sequence[Genome]:
        """At most `room` chromosomes to ask next; none while only tells can bring them, or when there are no more.

        Those that it gives and no sieve may stop it enters in `_certain`. Called again before an ask it gives more of
        the same kind, for a sieve to choose from.
        """

    @property
    def finished(self) -> bool:
        """No candidate will ever be asked again, and none is awaited."""
        return not self._waiting and not self._ledger.awaited

    def ask(self) -> Candidate | None:
        """The next candidate; None at a barrier or when finished."""
        if not self._waiting:
            return None
        genome, batch = self._waiting.popleft()
        candidate = Candidate(self._next_index, genome, batch.fidelity)
        self._next_index += 1
        if candidate.fidelity is Fidelity.PROXY:
            self._ledger.held -= 1
            self._ledger.enter(candidate)
        else:
            self._batches[candidate.index] = batch
            batch.ledger.enter(candidate)
        self._refill()
        return candidate

    def tell(self, index: int, outcome: Outcome) -> None:
        """Take an outcome; one whose objectives are not finite counts as a failure.

        Raises:
            ValueError: no such candidate is awaited, or an objective was not measured.
        """
        batch = self._batches.get(index)
        if batch is None:
            self._ledger.tell(index, outcome)
        else:
            batch.ledger.tell(index, outcome)
            self._go_on(batch)
        self._refill()

    def front(self) -> Sequence[Candidate]:
        """The Pareto front so far, most accurate first: one candidate for a single objective."""
        return pareto_front(self._ledger.measured(), self._objectives)

    def best(self, count: int) -> Sequence[Candidate]:
        """The `count` most accurate, or with several objectives that many spread along the front."""
        return best(self._ledger.measured(), self._objectives, count)

    def _refill(self) -> None:
        room = self._candidates - self._ledger.asked - self._ledger.held
        if not self._waiting and room:
            self._open(self._propose(room))

    def _open(self, proposed: Sequence[Genome]) -> None:
        """A batch of what was proposed, and of as many more as its sieve is to choose from."""
        genomes, wanted = list(proposed), self._sieve.entering(0, len(proposed))
        certain = {*self._certain}.intersection(proposed)
        while len(genomes) < wanted and (more := self._propose(wanted - len(genomes))):
            genomes += more
        self._ledger.held += len(proposed)
        self._queue(Batch(self._sieve, genomes, places=len(proposed), certain=certain))

    def _go_on(self, batch: Batch) -> None:
        if not batch.told:
            return
        batch.advance()
        if batch.fidelity is Fidelity.PROXY:
            self._ledger.held += len(batch.genomes) - batch.places
        self._queue(batch)

    def _queue(self, batch: Batch) -> None:
        self._waiting.extend((genome, batch) for genome in batch.genomes)
