"""`Nsga2`: NSGA-II (Deb et al. 2002) for accuracy against costs, with DEAP's sorting and crowding."""

import random
from collections.abc import Sequence

from deap import tools

from search.algorithm_spec import BreedingSpec
from search.bounded import Bounded
from search.breeder import Breeder
from search.constraints import UNBOUNDED, Bounds
from search.contracts import Genome
from search.novelty import until_exhausted
from search.ranking import Individual, beats, individuals, survivors
from search.space import SearchSpace
from search.spec import Objective


class Nsga2(Bounded):
    """Parents are the `population` best by front, then crowding, of their parents and the last generation.

    Every chromosome is repaired to what is known of it before; one that is measured beyond a bound is a parent only
    while there are too few others. A failure never is. Where a surrogate predicts, the non-dominated are parents.
    """

    def __init__(
        self,
        space: SearchSpace,
        spec: BreedingSpec,
        *,
        objectives: Sequence[Objective],
        budget: int | None,
        candidates: int,
        rng: random.Random,
        bounds: Bounds = UNBOUNDED,
        seeds: Sequence[Genome] = (),
        first_index: int = 0,
    ) -> None:
        super().__init__(objectives, candidates, bounds=bounds, first_index=first_index)
        self._breeder = Breeder(space, spec, objectives=objectives, bounds=bounds, budget=budget, rng=rng)
        self._seeds = seeds
        self._spec = spec
        self._rng = rng
        self._parents: list[Individual] = []
        self._closed = 0  # asks whose generation has closed
        self._refill()

    def _propose(self, room: int) -> Sequence[Genome]:
        if self._ledger.awaited:
            return []
        count = min(room, self._spec.population)
        if not self._ledger.asked:
            first = self._breeder.first(count, self._seeds)
            self._certain, self._seeds = {*first[: 2 + len(self._seeds)]}, ()
            return first
        if self._ledger.asked > self._closed:
            self._survive()
        return until_exhausted(self._child if self._parents else self._breeder.novelty.sample, count)

    def _survive(self) -> None:
        measured = self._ledger.measured()
        children = individuals(self._ledger.measured(since=self._closed), self._objectives, self._bounds.violation)
        self._closed = self._ledger.asked
        self._parents = survivors(self._parents + children, self._spec.population, self._select)
        self._breeder.learn(measured)

    def _select(self, pool: Sequence[Individual], count: int) -> list[Individual]:
        chosen: list[Individual] = tools.selNSGA2(pool, count)
        return chosen

    def _child(self) -> Genome | None:
        return self._breeder.child(self._parent)

    def _parent(self) -> Genome:
        """The winner of a binary tournament."""
        first, second = self._rng.choice(self._parents), self._rng.choice(self._parents)
        return (second if self._wins(second, first) else first).candidate.genome

    def _wins(self, one: Individual, other: Individual) -> bool:
        """By constrained dominance, then by the emptier place on its front."""
        if beats(one, other) or beats(other, one) or one.violation:
            return beats(one, other)
        emptier: bool = one.fitness.crowding_dist > other.fitness.crowding_dist
        return emptier
