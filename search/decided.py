"""`Decided`: a search that has nothing to measure, as what it found is known."""

from collections.abc import Sequence

from search.contracts import Candidate, Fidelity, Genome, Outcome


class Decided:
    """Finished at once. Its candidates are decisions, not asks: their indexes only say which is better."""

    finished = True

    def __init__(self, genomes: Sequence[Genome]) -> None:
        self._winners = [Candidate(index, genome, Fidelity.PROBE) for index, genome in enumerate(genomes)]

    def ask(self) -> Candidate | None:
        """Nothing."""
        return None

    def tell(self, index: int, outcome: Outcome) -> None:
        """Refuse every outcome.

        Raises:
            ValueError: always, as nothing is asked.
        """
        del outcome
        raise ValueError(f"candidate {index} was told but never asked; nothing is left to measure")

    def front(self) -> Sequence[Candidate]:
        """What was decided."""
        return self._winners[:1]

    def best(self, count: int) -> Sequence[Candidate]:
        """What was decided, best first."""
        return self._winners[:count]
