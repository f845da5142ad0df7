"""`Probed`: a search that looks at the whole backbone once before anything else."""

from collections.abc import Callable, Sequence

from search.contracts import Candidate, Fidelity, Outcome, RankedAlgorithm, gene_key
from search.ledger import Ledger
from search.space import SearchSpace

Scores = Sequence[float]
"""What a PROBE found, one number per layer gene."""

FIRST_INDEX = 1  # of the algorithm that follows


class Probed:
    """Asks one PROBE, which carries the genome of the no-skip adapter model; then the algorithm of `decide` goes on.

    `decide` gets the PROBE's numbers, None where it failed; what it returns counts its asks from `FIRST_INDEX`.
    """

    def __init__(self, space: SearchSpace, decide: Callable[[Scores | None], RankedAlgorithm]) -> None:
        self._genome = space.full
        self._keys = [gene_key(gene) for gene in range(len(space.layers))]
        self._probe = Ledger(self._keys)
        self._decide = decide
        self._algorithm: RankedAlgorithm | None = None

    @property
    def finished(self) -> bool:
        """The PROBE was told, and the algorithm after it is finished."""
        return self._algorithm is not None and self._algorithm.finished

    def ask(self) -> Candidate | None:
        """The PROBE, then None until it is told, then the algorithm's candidates."""
        if self._algorithm is not None:
            return self._algorithm.ask()
        return None if self._probe.asked else self._probe.ask(self._genome, Fidelity.PROBE)

    def tell(self, index: int, outcome: Outcome) -> None:
        """Take an outcome of the PROBE's or of the algorithm's.

        Raises:
            ValueError: no such candidate is awaited, or what it must have was not measured.
        """
        if self._algorithm is not None and index >= FIRST_INDEX:
            self._algorithm.tell(index, outcome)
            return
        self._probe.tell(index, outcome)
        measured = self._probe.measured()
        self._algorithm = self._decide([measured[0].measurement[key] for key in self._keys] if measured else None)

    def front(self) -> Sequence[Candidate]:
        """The algorithm's; nothing before the PROBE was told."""
        return [] if self._algorithm is None else self._algorithm.front()

    def best(self, count: int) -> Sequence[Candidate]:
        """The algorithm's; nothing before the PROBE was told."""
        return [] if self._algorithm is None else self._algorithm.best(count)
