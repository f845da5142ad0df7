"""`Sieve`: which chromosomes of a batch go on from each cheap look to the next, until the best get a proxy."""

import math
from collections.abc import Collection, Sequence

from deap import tools

from search.constraints import UNBOUNDED, Bounds
from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome
from search.fidelity_spec import FidelitySpec
from search.ledger import Measured
from search.ranking import Individual, individuals, survivors
from search.sparse_ledger import SparseLedger
from search.spec import Objective

EXACT = 9  # decimals to which a share of a count is taken, so that 3 / 0.3 is 10


class Sieve:
    """Successive halving (Jamieson and Talwalkar 2016) batch by batch, over a screen and rungs.

    A stage ranks by the objectives that it measures: by accuracy alone, or by fronts and crowding (NSGA-II, Deb et al.
    2002). What exceeds one of `bounds` ranks behind, by how much (Deb 2000); failures go on only where all of a batch
    failed.
    """

    def __init__(self, spec: FidelitySpec, objectives: Sequence[Objective], bounds: Bounds = UNBOUNDED) -> None:
        self.stages = spec.stages
        self._objectives = tuple(objectives)
        # the bound on accuracy speaks of proxies; a cheaper look gives less
        self._costs = Bounds({name: limit for name, limit in bounds.limits.items() if name != Objective.ACCURACY})
        self._screen = spec.screen
        self._keep = spec.keep

    def entering(self, stage: int, places: int) -> int:
        """How many chromosomes start `stage`, counted from 0, where `places` are to reach the proxy."""
        wider = self._screen if self.stages[stage:][:1] == (Fidelity.SCREEN,) else 1
        rungs = sum(each is not Fidelity.SCREEN for each in self.stages[stage:])
        return math.ceil(round(places * wider / self._keep**rungs, EXACT))

    def best(
        self, outcomes: Sequence[tuple[Candidate, Outcome]], count: int, certain: Collection[Genome]
    ) -> set[Genome]:
        """The `count` chromosomes that go on from a stage: those of `certain` first, then the best.

        Of `certain` those go on that did not fail.
        """
        measured = [Measured(each, told) for each, told in outcomes if not isinstance(told, Failure)]
        ranked = self._ranked(measured) or [each for each, _ in outcomes]
        genomes = [each.genome for each in ranked]
        return set(sorted(genomes, key=lambda genome: genome not in certain)[:count])

    def _ranked(self, measured: Sequence[Measured]) -> list[Candidate]:
        names = [name for name in self._objectives if all(name in each.measurement for each in measured)]
        pool = individuals(measured, names, self._costs.violation)
        select = tools.selBest if len(names) == 1 else _by_fronts
        return [each.candidate for each in survivors(pool, len(pool), select)]


def _by_fronts(pool: Sequence[Individual], count: int) -> list[Individual]:
    """Front by front, of each the emptier places first."""
    fronts = tools.sortNondominated(pool, count)
    for front in fronts:
        tools.emo.assignCrowdingDist(front)
    return [each for front in fronts for each in sorted(front, key=lambda each: -each.fitness.crowding_dist)][:count]


class Batch:
    """Chromosomes that pass a sieve together, for `places` among the proxies. It closes in the order of asks."""

    def __init__(
        self, sieve: Sieve, genomes: Sequence[Genome], *, places: int, certain: Collection[Genome] = ()
    ) -> None:
        self.places = places
        self.genomes = list(genomes)
        self.ledger = SparseLedger()
        self._sieve = sieve
        self._certain = certain
        self._stage = 0
        self._before = 0  # asks of the stages before this one

    @property
    def fidelity(self) -> Fidelity:
        """How well `genomes` are measured now."""
        return (*self._sieve.stages, Fidelity.PROXY)[self._stage]

    @property
    def told(self) -> bool:
        """Whether every outcome of this stage is in."""
        return self.ledger.asked - self._before == len(self.genomes) and not self.ledger.awaited

    def advance(self) -> None:
        """Leave those who go on, in the order in which they were asked."""
        outcomes = self.ledger.outcomes(since=self._before)
        self._before = self.ledger.asked
        self._stage += 1
        chosen = self._sieve.best(outcomes, self._sieve.entering(self._stage, self.places), self._certain)
        self.genomes = [genome for genome in self.genomes if genome in chosen]
