"""`RandomSearch`: different random feasible chromosomes near the budget; the baseline every algorithm must beat."""

import random
from collections.abc import Sequence

from search.bounded import Bounded
from search.constraints import UNBOUNDED, Bounds
from search.contracts import Genome
from search.novelty import Novelty, until_exhausted
from search.space import SearchSpace
from search.spec import Objective


class RandomSearch(Bounded):
    """Learns nothing from outcomes, so it never waits for one."""

    def __init__(
        self,
        space: SearchSpace,
        *,
        objectives: Sequence[Objective] = (Objective.ACCURACY,),
        budget: int | None,
        candidates: int,
        rng: random.Random,
        bounds: Bounds = UNBOUNDED,
        first_index: int = 0,
    ) -> None:
        super().__init__(objectives, candidates, bounds=bounds, first_index=first_index)
        self._novelty = Novelty(space, budget, rng, spread=len(objectives) > 1)
        self._refill()

    def _propose(self, room: int) -> Sequence[Genome]:
        return until_exhausted(self._novelty.sample, min(room, 1))
