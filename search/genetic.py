"""`Genetic`: a generational genetic algorithm for accuracy under bounds."""

import random
from collections.abc import Sequence

from deap import tools

from search.algorithm_spec import ElitistSpec
from search.bounded import Bounded
from search.breeder import Breeder
from search.constraints import UNBOUNDED, Bounds
from search.contracts import Candidate, Failure, Genome, Outcome
from search.novelty import until_exhausted
from search.ranking import Individual, constrained_fitness
from search.space import SearchSpace
from search.spec import Objective


class Elitist(Bounded):
    """What a genetic algorithm for one objective needs, whenever its parents change.

    The first generation holds `seeds`, which no sieve stops. Where a surrogate predicts, it says who the parents are,
    else tournaments do, by Deb's feasible-first rules.
    """

    def __init__(
        self,
        space: SearchSpace,
        spec: ElitistSpec,
        *,
        budget: int | None,
        candidates: int,
        rng: random.Random,
        bounds: Bounds = UNBOUNDED,
        seeds: Sequence[Genome] = (),
        first_index: int = 0,
    ) -> None:
        objectives = (Objective.ACCURACY,)
        super().__init__(objectives, candidates, bounds=bounds, first_index=first_index)
        self._breeder = Breeder(space, spec, objectives=objectives, bounds=bounds, budget=budget, rng=rng)
        self._seeds = seeds
        self._spec = spec
        self._rng = rng
        self._pool: list[Individual] = []
        self._refill()

    def _first(self, count: int) -> list[Genome]:
        first = self._breeder.first(count, self._seeds)
        self._certain, self._seeds = {*first[: 1 + len(self._seeds)]}, ()
        return first

    def _individual(self, candidate: Candidate, outcome: Outcome) -> Individual:
        violation = self._bounds.violation({} if isinstance(outcome, Failure) else outcome)
        return Individual(candidate, constrained_fitness(outcome, violation=violation))

    def _child(self) -> Genome | None:
        return self._breeder.child(self._parent)

    def _parent(self) -> Genome:
        entrants = self._rng.sample(self._pool, min(self._spec.tournament, len(self._pool)))
        winner: Individual = tools.selBest(entrants, 1)[0]
        return winner.candidate.genome


class Genetic(Elitist):
    """Generation after generation; parents come from the elite and the last one.

    The elite is not measured again: a generation after the first asks `population - elitism` children. It closes in
    the order of asks, so the order in which outcomes arrive changes nothing.
    """

    _closed = 0  # asks whose generation has closed
    _elite: Sequence[Individual] = ()

    def _propose(self, room: int) -> Sequence[Genome]:
        if self._ledger.awaited:
            return []
        if not self._ledger.asked:
            return self._first(min(room, self._spec.population))
        if self._ledger.asked > self._closed:
            self._close()
        return until_exhausted(self._child, min(room, self._spec.population - self._spec.elitism))

    def _close(self) -> None:
        children = [self._individual(*pair) for pair in self._ledger.outcomes(since=self._closed)]
        self._closed = self._ledger.asked
        self._pool = [*self._elite, *children]
        self._elite = tools.selBest(self._pool, self._spec.elitism)
        self._breeder.learn(self._ledger.measured())
