"""`HillClimb`: the best so far, changed a little, again and again."""

import random
from collections.abc import Sequence

from own_algorithm.plugin import HillClimbSpec
from search.bounded import Bounded
from search.constraints import Bounds
from search.contracts import Genome
from search.novelty import Novelty, until_exhausted
from search.space import SearchSpace
from search.spec import Objective


class HillClimb(Bounded):
    """A batch of random chromosomes, then of neighbours of the best one.

    Each batch waits for the one before, so that it does not matter in which order outcomes arrive. `Novelty` repairs
    what it is given to the MACs budget, and lets no chromosome pass twice.
    """

    def __init__(
        self,
        space: SearchSpace,
        spec: HillClimbSpec,
        *,
        objectives: Sequence[Objective],
        budget: int | None,
        candidates: int,
        rng: random.Random,
        bounds: Bounds,
        first_index: int,
    ) -> None:
        super().__init__(objectives, candidates, bounds=bounds, first_index=first_index)
        self._space = space
        self._spec = spec
        self._rng = rng
        self._novelty = Novelty(space, budget, rng)
        self._refill()  # so that `finished` knows whether anything will be asked

    def _propose(self, room: int) -> Sequence[Genome]:
        if self._ledger.awaited:
            return []
        return until_exhausted(self._next, min(room, self._spec.neighbours))

    def _next(self) -> Genome | None:
        if not (best := self.best(1)):
            return self._novelty.sample()
        return self._novelty.of(self._neighbour(best[0].genome), self._neighbour)

    def _neighbour(self, genome: Genome) -> Genome:
        layers = range(len(self._space.layers))
        for gene in self._rng.sample(layers, min(self._spec.flips, len(layers))):
            genome = self._space.flipped(genome, gene)
        return genome
