"""`Prepared`: a search that measures something of the whole backbone before anything else."""

from collections.abc import Callable, Sequence

from search.contracts import Candidate, Fidelity, Genome, Measurement, Outcome, RankedAlgorithm
from search.decided import Decided
from search.ledger import Ledger
from search.space import SearchSpace


class Prepared:
    """Asks one candidate of `fidelity` as `index`; then the algorithm of `decide`, which counts on from there, goes on.

    `decide` gets what was measured, None where that failed. A sequence of preparations is one inside the other.
    """

    def __init__(
        self,
        genome: Genome,
        fidelity: Fidelity,
        decide: Callable[[Measurement | None], RankedAlgorithm],
        *,
        required: Sequence[str],
        index: int = 0,
    ) -> None:
        self._genome = genome
        self._fidelity = fidelity
        self._decide = decide
        self._ledger = Ledger(required, first_index=index)
        self._index = index
        self._algorithm: RankedAlgorithm | None = None

    @property
    def finished(self) -> bool:
        """The preparation was told, and the algorithm after it is finished."""
        return self._algorithm is not None and self._algorithm.finished

    def ask(self) -> Candidate | None:
        """The preparation, then None until it is told, then the algorithm's candidates."""
        if self._algorithm is not None:
            return self._algorithm.ask()
        return None if self._ledger.asked else self._ledger.ask(self._genome, self._fidelity)

    def tell(self, index: int, outcome: Outcome) -> None:
        """Take an outcome of the preparation's or of the algorithm's.

        Raises:
            ValueError: no such candidate is awaited, or what it must have was not measured.
        """
        if self._algorithm is not None and index > self._index:
            self._algorithm.tell(index, outcome)
            return
        self._ledger.tell(index, outcome)
        measured = self._ledger.measured()
        self._algorithm = self._decide(measured[0].measurement if measured else None)

    def front(self) -> Sequence[Candidate]:
        """The algorithm's; nothing before the preparation was told."""
        return [] if self._algorithm is None else self._algorithm.front()

    def best(self, count: int) -> Sequence[Candidate]:
        """The algorithm's; nothing before the preparation was told."""
        return [] if self._algorithm is None else self._algorithm.best(count)


def warmed(space: SearchSpace, algorithm: Callable[[], RankedAlgorithm]) -> Prepared:
    """A search whose candidates start from weights that a WARM trains first; without these it ends and found nothing.

    `algorithm` counts its asks from 1.
    """
    return Prepared(
        space.full,
        Fidelity.WARM,
        lambda trained: Decided([]) if trained is None else algorithm(),
        required=["loss"],
    )
