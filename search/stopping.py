"""`Stopping`: a search that ends when it has cost enough, or found nothing better for long."""

from collections.abc import Sequence

from search.budget_spec import BudgetSpec
from search.constraints import Bounds
from search.contracts import Candidate, Failure, Fidelity, Outcome, RankedAlgorithm
from search.ledger import Measured
from search.ranking import pareto_front
from search.spec import Objective

HOUR = 3600.0  # seconds


class Stopping:
    """Passes everything of `algorithm` on until a rule of `budget` fires; then asks no more and awaits what it asked.

    The rules read tells alone, so that a replay stops at the same tell. GPU hours are the "seconds" of all
    measurements, whatever their fidelity, and wall hours the "elapsed_seconds" of the latest; a failure says neither.
    When outcomes arrive decides how many more are under way by then, whatever the algorithm.
    """

    def __init__(
        self, algorithm: RankedAlgorithm, budget: BudgetSpec, *, objectives: Sequence[Objective], bounds: Bounds
    ) -> None:
        self._algorithm = algorithm
        self._budget = budget
        self._objectives = tuple(objectives)
        self._bounds = bounds
        self._awaited: dict[int, Candidate] = {}
        self._seconds = self._elapsed = 0.0
        self._vain = 0  # proxies told since the last better one
        self._best: list[Measured] = []
        self._rule: str | None = None

    @property
    def stopped_by(self) -> str | None:
        """The key of the spec whose rule ended the search before its candidates were spent; None where none did."""
        return self._rule

    @property
    def finished(self) -> bool:
        """The algorithm is finished, or a rule fired; and nothing is awaited."""
        return self._algorithm.finished or (self._rule is not None and not self._awaited)

    def ask(self) -> Candidate | None:
        """The algorithm's next candidate; None also once a rule fired."""
        candidate = None if self._rule is not None else self._algorithm.ask()
        if candidate is not None:
            self._awaited[candidate.index] = candidate
        return candidate

    def tell(self, index: int, outcome: Outcome) -> None:
        """Take an outcome, and see whether it was enough.

        Raises:
            ValueError: no such candidate is awaited, or what it must have was not measured.
        """
        self._algorithm.tell(index, outcome)
        candidate = self._awaited.pop(index)
        if not isinstance(outcome, Failure):
            self._seconds += outcome.get("seconds", 0.0)
            self._elapsed = max(self._elapsed, outcome.get("elapsed_seconds", 0.0))
        if candidate.fidelity is Fidelity.PROXY:
            self._vain = 0 if self._better(candidate, outcome) else self._vain + 1
        if self._rule is None and not self._algorithm.finished:
            self._rule = self._fired()

    def front(self) -> Sequence[Candidate]:
        """The algorithm's front."""
        return self._algorithm.front()

    def best(self, count: int) -> Sequence[Candidate]:
        """The algorithm's winners."""
        return self._algorithm.best(count)

    def _fired(self) -> str | None:
        spent = {"gpu_hours": self._seconds / HOUR, "wall_hours": self._elapsed / HOUR, "stagnation": self._vain}
        limits = {name: getattr(self._budget, name) for name in spent}
        return next(
            (f"budget.{name}" for name, most in limits.items() if most is not None and spent[name] >= most), None
        )

    def _better(self, candidate: Candidate, outcome: Outcome) -> bool:
        """Whether a proxy beats the best so far by Deb's rules, or joins the front of several objectives."""
        if isinstance(outcome, Failure):
            return False
        told, before = Measured(candidate, outcome), self._best
        violations = [self._bounds.violation(each.measurement) for each in (*before, told)]
        if not before or violations[-1] < violations[0]:
            self._best = [told]
        elif violations[-1] == violations[0] and not violations[0]:
            front = pareto_front([*before, told], self._objectives)
            self._best = [each for each in (*before, told) if each.candidate in front]
        return told in self._best
