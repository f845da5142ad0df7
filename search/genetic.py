"""`Genetic`: a generational genetic algorithm for accuracy under a MACs budget."""

import random
from collections.abc import Sequence

from deap import tools

from search.algorithm_spec import GeneticSpec
from search.ask_tell import AskTell
from search.contracts import Candidate, Genome, Outcome
from search.novelty import Novelty, until_exhausted
from search.ranking import Individual, constrained_fitness
from search.space import SearchSpace
from search.spec import Objective
from search.variation import Variation


class Genetic(AskTell):
    """Tournaments choose parents among the elite and the last generation; children are repaired to the budget.

    The elite is not measured again: a generation after the first asks `population - elitism` children. It closes in
    the order of asks, so the order in which outcomes arrive changes nothing. The first one holds `seeds`, which must be
    feasible.
    """

    def __init__(
        self,
        space: SearchSpace,
        spec: GeneticSpec,
        *,
        budget: int | None,
        candidates: int,
        rng: random.Random,
        seeds: Sequence[Genome] = (),
        first_index: int = 0,
    ) -> None:
        super().__init__((Objective.ACCURACY,), candidates, first_index=first_index)
        self._novelty = Novelty(space, budget, rng)
        self._seeds = seeds
        self._space = space
        self._spec = spec
        self._budget = budget
        self._rng = rng
        self._variation = Variation(space, crossover=spec.crossover, mutation=spec.mutation, swap=spec.swap, rng=rng)
        self._elite: list[Individual] = []
        self._closed = 0  # asks whose generation has closed
        self._refill()

    def _propose(self, room: int) -> Sequence[Genome]:
        if self._ledger.awaited:
            return []
        if not self._ledger.asked:
            return self._novelty.first(min(room, self._spec.population), self._variation.mutant, seeds=self._seeds)
        pool = self._elite + [self._individual(*pair) for pair in self._ledger.outcomes(since=self._closed)]
        self._closed = self._ledger.asked
        self._elite = tools.selBest(pool, self._spec.elitism)
        return until_exhausted(lambda: self._child(pool), min(room, self._spec.population - self._spec.elitism))

    def _individual(self, candidate: Candidate, outcome: Outcome) -> Individual:
        violation = self._space.violation(candidate.genome, self._budget)
        return Individual(candidate, constrained_fitness(outcome, violation=violation))

    def _child(self, pool: Sequence[Individual]) -> Genome | None:
        first, second = self._parent(pool), self._parent(pool)
        return self._novelty.of(self._variation.child(first, second), self._variation.mutant)

    def _parent(self, pool: Sequence[Individual]) -> Genome:
        entrants = self._rng.sample(pool, min(self._spec.tournament, len(pool)))
        winner: Individual = tools.selBest(entrants, 1)[0]
        return winner.candidate.genome
