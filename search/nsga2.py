"""`Nsga2`: NSGA-II (Deb et al. 2002) for accuracy against costs, with DEAP's sorting and crowding."""

import random
from collections.abc import Sequence

from deap import tools

from search.algorithm_spec import Nsga2Spec
from search.ask_tell import AskTell
from search.contracts import Genome
from search.novelty import Novelty, until_exhausted
from search.ranking import Individual, individuals
from search.space import SearchSpace
from search.spec import Objective
from search.variation import Variation


class Nsga2(AskTell):
    """Parents are the `population` best by front, then crowding, of their parents and the last generation.

    Every chromosome is repaired to the MACs budget, so none is infeasible; a failure never becomes a parent.
    """

    def __init__(
        self,
        space: SearchSpace,
        spec: Nsga2Spec,
        *,
        objectives: Sequence[Objective],
        budget: int | None,
        candidates: int,
        rng: random.Random,
    ) -> None:
        super().__init__(objectives, candidates)
        self._novelty = Novelty(space, budget, rng, spread=True)
        self._spec = spec
        self._rng = rng
        self._variation = Variation(space, crossover=spec.crossover, mutation=spec.mutation, swap=spec.swap, rng=rng)
        self._parents: list[Individual] = []
        self._closed = 0  # asks whose generation has closed
        self._refill()

    def _propose(self, room: int) -> Sequence[Genome]:
        if self._ledger.awaited:
            return []
        self._survive()
        count = min(room, self._spec.population)
        if not self._ledger.asked:
            return self._novelty.first(count, self._variation.mutant)
        return until_exhausted(self._child if self._parents else self._novelty.sample, count)

    def _survive(self) -> None:
        children = individuals(self._ledger.measured(since=self._closed), self._objectives)
        self._closed = self._ledger.asked
        if pool := self._parents + children:
            self._parents = tools.selNSGA2(pool, self._spec.population)

    def _child(self) -> Genome | None:
        child = self._variation.child(self._parent(), self._parent())
        return self._novelty.of(child, self._variation.mutant)

    def _parent(self) -> Genome:
        """The winner of a binary tournament: by dominance, then by the emptier place on its front."""
        first, second = self._rng.choice(self._parents), self._rng.choice(self._parents)
        beaten = second.fitness.dominates(first.fitness) or (
            not first.fitness.dominates(second.fitness) and second.fitness.crowding_dist > first.fitness.crowding_dist
        )
        return (second if beaten else first).candidate.genome
