"""`Bounded`: an ask-and-tell search under bounds on costs and accuracy, which none of its winners exceeds."""

from abc import ABC
from collections.abc import Sequence

from search.ask_tell import AskTell
from search.constraints import Bounds
from search.contracts import Candidate, Outcome
from search.ledger import Measured
from search.ranking import best, pareto_front
from search.spec import Objective


class Bounded(AskTell, ABC):
    """Candidates beyond a bound stay in its ledger, where they say what to avoid."""

    def __init__(
        self, objectives: Sequence[Objective], candidates: int, *, bounds: Bounds, first_index: int = 0
    ) -> None:
        super().__init__(objectives, candidates, first_index=first_index)
        self._bounds = bounds

    def tell(self, index: int, outcome: Outcome) -> None:
        """Take an outcome; one whose objectives or bounded costs are not finite counts as a failure.

        Raises:
            ValueError: no such candidate is awaited, or an objective or a bounded cost was not measured.
        """
        looked_at = index in self._batches  # cheaply, below PROXY; bounds speak of proxies
        super().tell(index, outcome if looked_at else self._bounds.checked(index, outcome))

    def front(self) -> Sequence[Candidate]:
        """The Pareto front of the feasible so far, most accurate first: one candidate for a single objective."""
        return pareto_front(self._feasible(), self._objectives)

    def best(self, count: int) -> Sequence[Candidate]:
        """The `count` most accurate feasible ones, or with several objectives that many spread along the front."""
        return best(self._feasible(), self._objectives, count)

    def _feasible(self) -> list[Measured]:
        return [each for each in self._ledger.measured() if not self._bounds.violation(each.measurement)]
