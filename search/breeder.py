"""`Breeder`: the children of a population, each new and within its budget."""

import random
from collections.abc import Callable, Sequence

from search.algorithm_spec import BreedingSpec
from search.constraints import Bounds
from search.contracts import Genome
from search.ledger import Measured
from search.novelty import Novelty
from search.regression import REGRESSIONS
from search.space import SearchSpace
from search.spec import Objective
from search.surrogate import Surrogate
from search.variation import Variation

FRESH = 0.2  # share of a surrogate's choices that are no children but samples
AGAIN = 0.5  # share of its children that mutate a second time
LUCK = 0.4  # share of all children that luck chooses beside a surrogate, so that one that errs is found out


class Breeder:
    """Varies parents and repairs what comes out; with a surrogate it makes many children and takes the best predicted.

    Without one, `parent` says who they come from, and a child is what came out; so it is for some children beside one,
    as where only the last gene of a long chain matters a surrogate alone repeats its error. It has parents of its own.
    """

    def __init__(
        self,
        space: SearchSpace,
        spec: BreedingSpec,
        *,
        objectives: Sequence[Objective],
        bounds: Bounds,
        budget: int | None,
        rng: random.Random,
    ) -> None:
        self._space = space
        self._rng = rng
        self._offspring = spec.offspring
        self._variation = Variation(space, crossover=spec.crossover, mutation=spec.mutation, swap=spec.swap, rng=rng)
        self.novelty = Novelty(space, budget, rng, spread=len(objectives) > 1)
        self._surrogate: Surrogate | None = None
        if spec.surrogate is not None:
            made = REGRESSIONS[spec.surrogate]
            self._surrogate = Surrogate(space, made, objectives=objectives, bounds=bounds, rng=rng)

    def first(self, count: int, seeds: Sequence[Genome] = ()) -> list[Genome]:
        """A first generation; before its samples come `seeds`, repaired."""
        return self.novelty.first(count, self._variation.mutant, seeds=seeds)

    def learn(self, measured: Sequence[Measured]) -> None:
        """Take what was measured so far, in the order of asks."""
        if self._surrogate is not None and measured:
            self._surrogate.learn(measured)

    def child(self, parent: Callable[[], Genome]) -> Genome | None:
        """One chromosome to ask next; None when all were seen."""
        if self._surrogate is None or not (parents := self._surrogate.parents()) or self._rng.random() < LUCK:
            return self.novelty.of(self._variation.child(parent(), parent()), self._variation.mutant)
        made = (self._made(parents) for _ in range(self._offspring))
        if not (new := list(dict.fromkeys(genome for genome in made if not self.novelty.seen(genome)))):
            return self.novelty.sample()
        return self.novelty.chosen(self._surrogate.best(new))

    def _made(self, parents: Sequence[Genome]) -> Genome:
        """A child, or a fresh sample, repaired by the sums that a sketch of the space goes by."""
        if self._rng.random() < FRESH:
            return self.novelty.drawn()
        child = self._variation.child(self._rng.choice(parents), self._rng.choice(parents))
        if self._rng.random() < AGAIN:
            child = self._variation.mutant(child)
        return self.novelty.sketched(child)
