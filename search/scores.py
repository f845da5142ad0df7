"""`Scores`: the accuracies of a search by fidelity and chromosome, and how far each chromosome came."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome
from search.fidelity_spec import RUNGS
from search.spec import Objective

ORDER = (Fidelity.SCREEN, *RUNGS, Fidelity.PROXY)
"""The fidelities that a candidate passes on its way, cheapest first."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Finite accuracies, 0 to 1, by fidelity and chromosome, and who `failed` on the way.

    Those of two fidelities are never compared as numbers.
    """

    accuracies: Mapping[Fidelity, Mapping[Genome, float]]
    failed: frozenset[Genome] = frozenset()

    @classmethod
    def of(cls, told: Iterable[tuple[Candidate, Outcome]]) -> "Scores":
        """The accuracies among outcomes; what measures something else than one chromosome is left out."""
        found: dict[Fidelity, dict[Genome, float]] = {fidelity: {} for fidelity in Fidelity}
        failed = set()
        for candidate, outcome in told:
            accuracy = math.nan if isinstance(outcome, Failure) else outcome.get(Objective.ACCURACY, math.nan)
            if math.isfinite(accuracy):
                found[candidate.fidelity][candidate.genome] = accuracy
            elif candidate.fidelity in ORDER:
                failed.add(candidate.genome)
        return cls(found, frozenset(failed))

    def at(self, fidelity: Fidelity) -> Mapping[Genome, float]:
        """Accuracies of one fidelity."""
        return self.accuracies.get(fidelity, {})

    def reached(self) -> dict[Genome, Fidelity]:
        """The last of `ORDER` that gave each chromosome an accuracy."""
        return {genome: fidelity for fidelity in ORDER for genome in self.at(fidelity)}

    def ranked(self, fidelity: Fidelity) -> list[Genome]:
        """The chromosomes that came as far as `fidelity`, no further, and did not fail then; most accurate first."""
        scores, reached = self.at(fidelity), self.reached()
        last = [each for each in scores if reached[each] is fidelity and each not in self.failed]
        return sorted(last, key=lambda each: (-scores[each], each))
