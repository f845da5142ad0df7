"""`Ledger`: who was asked, what was told, and what is still awaited."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from search.contracts import Candidate, Failure, Fidelity, Genome, Measurement, Outcome
from search.spec import Objective


@dataclass(frozen=True, slots=True)
class Measured:
    """A candidate with its measurement."""

    candidate: Candidate
    measurement: Measurement


class Ledger:
    """Counts asks from `first_index` and takes each tell once.

    A measurement must have every name in `required`; where one of these is not finite, it becomes a failure.
    """

    def __init__(self, required: Iterable[str] = (Objective.ACCURACY,), *, first_index: int = 0) -> None:
        self._required = tuple(required)
        self._first_index = first_index
        self._candidates: list[Candidate] = []
        self._outcomes: dict[int, Outcome] = {}

    @property
    def asked(self) -> int:
        """How many candidates were asked."""
        return len(self._candidates)

    @property
    def awaited(self) -> int:
        """How many candidates were asked and not told."""
        return len(self._candidates) - len(self._outcomes)

    def ask(self, genome: Genome, fidelity: Fidelity = Fidelity.PROXY) -> Candidate:
        """Enter a candidate under the next index."""
        candidate = Candidate(self._first_index + self.asked, genome, fidelity)
        self._candidates.append(candidate)
        return candidate

    def tell(self, index: int, outcome: Outcome) -> None:
        """Enter the outcome of the candidate that was asked as `index`.

        Raises:
            ValueError: no such candidate is awaited, or a required name was not measured.
        """
        if not self._first_index <= index < self._first_index + self.asked:
            raise ValueError(f"candidate {index} was told but never asked; {self.asked} were asked so far")
        if index in self._outcomes:
            raise ValueError(f"candidate {index} was told before; each is told once")
        self._outcomes[index] = outcome if isinstance(outcome, Failure) else self._finite(index, outcome)

    def outcomes(self, *, since: int = 0) -> list[tuple[Candidate, Outcome]]:
        """Those told, in the order of asks, without the first `since` asks."""
        told = (each for each in self._candidates[since:] if each.index in self._outcomes)
        return [(each, self._outcomes[each.index]) for each in told]

    def measured(self, *, since: int = 0) -> list[Measured]:
        """Those of `outcomes` that did not fail."""
        return [Measured(each, told) for each, told in self.outcomes(since=since) if not isinstance(told, Failure)]

    def entered(self, patience: int) -> list[tuple[Candidate, Outcome]]:
        """`outcomes` in the order of asks up to the first that is awaited, as if none could overtake another.

        Where more than `patience` after it were told, it is passed over until it is told itself.
        """
        told = [each.index in self._outcomes for each in self._candidates]
        waiting, end = sum(told), len(told)
        for place, here in enumerate(told):
            waiting -= here
            if not here and waiting <= patience:
                end = place
                break
        return [(each, self._outcomes[each.index]) for each in self._candidates[:end] if each.index in self._outcomes]

    def _finite(self, index: int, measurement: Measurement) -> Outcome:
        for name in self._required:
            if name not in measurement:
                found = ", ".join(measurement) or "nothing"
                raise ValueError(f"candidate {index} was measured without '{name}'; it has {found}")
            if not math.isfinite(measurement[name]):
                return Failure(f"{name} is {measurement[name]}")
        return measurement
