"""`Tracked`: a search algorithm whose every tell becomes a point for trackers, those of a replay too."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from search.constraints import Bounds
from search.contracts import Candidate, Failure, Fidelity, Outcome, SearchAlgorithm
from search.spec import Objective
from service.domain.records import ELAPSED
from service.tracking.tracker import Point

SEARCH = "search"  # what belongs to the whole search, not to one fidelity
CANDIDATE = f"{SEARCH}/candidate"
GENES = "gene."  # what a look at the whole backbone says of each gene is no course of a search


class Tracked:
    """Decorates `algorithm`; to be decorated by `Recorded`, which replays the past into it."""

    def __init__(
        self, algorithm: SearchAlgorithm, write: Callable[[Point], None], *, began: datetime, bounds: Bounds
    ) -> None:
        """`bounds` say which proxies may be the best so far."""
        self._algorithm = algorithm
        self._write = write
        self._at = self._began = began
        self._bounds = bounds
        self._asked: dict[int, Candidate] = {}
        self._step = 0
        self._failed = 0
        self._best: float | None = None

    @property
    def finished(self) -> bool:
        """The algorithm is."""
        return self._algorithm.finished

    def ask(self) -> Candidate | None:
        """The algorithm's next candidate."""
        if (candidate := self._algorithm.ask()) is not None:
            self._asked[candidate.index] = candidate
        return candidate

    def tell(self, index: int, outcome: Outcome) -> None:
        """Pass it on, then write the point.

        Raises:
            ValueError: no such candidate is awaited.
        """
        self._algorithm.tell(index, outcome)
        self._step += 1
        values = {CANDIDATE: float(index), **self._of(self._asked.pop(index), outcome)}
        self._write(Point(self._step, self._at, values | {f"{SEARCH}/failed": float(self._failed)}))

    def front(self) -> Sequence[Candidate]:
        """The algorithm's best so far."""
        return self._algorithm.front()

    def _of(self, candidate: Candidate, outcome: Outcome) -> dict[str, float]:
        """What was measured, by fidelity and name, and the best proxy accuracy so far."""
        if isinstance(outcome, Failure):
            self._failed += 1
            return {}
        self._at = self._began + timedelta(seconds=outcome.get(ELAPSED, 0.0))
        if candidate.fidelity is Fidelity.PROXY and not self._bounds.violation(outcome):
            self._best = max(outcome[Objective.ACCURACY], self._best or 0.0)
        best = {} if self._best is None else {f"{SEARCH}/best_accuracy": self._best}
        shown = {name: value for name, value in outcome.items() if name != ELAPSED and not name.startswith(GENES)}
        return {f"{candidate.fidelity}/{name}": value for name, value in shown.items()} | best
