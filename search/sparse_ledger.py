"""`SparseLedger`: a ledger of some of a search's asks, and of the places that are held for asks to come."""

from collections.abc import Iterable

from search.contracts import Candidate, Failure, Outcome
from search.ledger import Ledger
from search.spec import Objective


class SparseLedger(Ledger):
    """Candidates bring the index that the whole search gave them. `held` places are awaited like what was asked."""

    def __init__(self, required: Iterable[str] = (Objective.ACCURACY,)) -> None:
        super().__init__(required)
        self.held = 0
        self._indexes: set[int] = set()

    @property
    def awaited(self) -> int:
        """How many candidates were asked and not told, and how many will be asked for places that are held."""
        return super().awaited + self.held

    def enter(self, candidate: Candidate) -> None:
        """Take a candidate that was asked."""
        self._candidates.append(candidate)
        self._indexes.add(candidate.index)

    def tell(self, index: int, outcome: Outcome) -> None:
        """Enter the outcome of the candidate that was asked as `index`.

        Raises:
            ValueError: no such candidate is awaited, or a required name was not measured.
        """
        if index not in self._indexes:
            raise ValueError(f"candidate {index} was told but never asked; {self.asked} were asked so far")
        if index in self._outcomes:
            raise ValueError(f"candidate {index} was told before; each is told once")
        self._outcomes[index] = outcome if isinstance(outcome, Failure) else self._finite(index, outcome)
