"""`AskTell`: what every search algorithm here shares; a subclass says which chromosomes come next."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence

from search.contracts import Candidate, Genome, Outcome
from search.ledger import Ledger
from search.ranking import best, pareto_front
from search.spec import Objective


class AskTell(ABC):
    """Asks at most `candidates` different chromosomes, and ends early when there are no more.

    A subclass calls `_refill` at the end of its `__init__`; `finished` then knows at once whether another ask comes.
    """

    def __init__(self, objectives: Sequence[Objective], candidates: int, *, first_index: int = 0) -> None:
        self._objectives = tuple(objectives)
        self._candidates = candidates
        self._ledger = Ledger(objectives, first_index=first_index)
        self._waiting: deque[Genome] = deque()

    @abstractmethod
    def _propose(self, room: int) -> Sequence[Genome]:
        """At most `room` chromosomes to ask next; none while only tells can bring them, or when there are no more."""

    @property
    def finished(self) -> bool:
        """No candidate will ever be asked again, and none is awaited."""
        return not self._waiting and not self._ledger.awaited

    def ask(self) -> Candidate | None:
        """The next candidate; None at a barrier or when finished."""
        if not self._waiting:
            return None
        candidate = self._ledger.ask(self._waiting.popleft())
        self._refill()
        return candidate

    def tell(self, index: int, outcome: Outcome) -> None:
        """Take an outcome; one whose objectives are not finite counts as a failure.

        Raises:
            ValueError: no such candidate is awaited, or an objective was not measured.
        """
        self._ledger.tell(index, outcome)
        self._refill()

    def front(self) -> Sequence[Candidate]:
        """The Pareto front so far, most accurate first: one candidate for a single objective."""
        return pareto_front(self._ledger.measured(), self._objectives)

    def best(self, count: int) -> Sequence[Candidate]:
        """The `count` most accurate, or with several objectives that many spread along the front."""
        return best(self._ledger.measured(), self._objectives, count)

    def _refill(self) -> None:
        room = self._candidates - self._ledger.asked
        if not self._waiting and room:
            self._waiting.extend(self._propose(room))
