"""`Novelty`: feasible chromosomes that a search has not asked for yet, until there are none left."""

import random
from collections.abc import Callable, Sequence
from itertools import islice

from search.contracts import Genome
from search.space import SearchSpace

TRIES = 32  # draws before a search falls back to going through the space in order
FILLED = 0.5  # share of chromosomes that use what repair left of the budget (DROP/ADD: Chu and Beasley 1998)


class Novelty:
    """Repairs what it is given to the MACs budget and never lets the same chromosome pass twice.

    `spread` draws samples from all costs up to the budget (for a front); otherwise they lie close to the budget,
    where a single objective finds its best.
    """

    def __init__(self, space: SearchSpace, budget: int | None, rng: random.Random, *, spread: bool = False) -> None:
        self._space = space
        self._budget = budget
        self._rng = rng
        self._front = spread
        self._spread = spread or budget is None
        self._seen: set[Genome] = set()
        self._rest = space.within(budget)

    def first(self, count: int, mutant: Callable[[Genome], Genome], *, seeds: Sequence[Genome] = ()) -> list[Genome]:
        """A first generation: everything kept as far as the budget allows, for a front also the other end; samples.

        Before the samples come `seeds`, repaired.
        """
        ends = [self._space.full, self._space.cheapest] if self._front else [self._space.full]
        chosen = [genome for end in ends[:count] if (genome := self.of(end, mutant)) is not None]
        repaired = (self._space.repair(seed, self._budget, self._rng) for seed in seeds)
        chosen += islice(filter(self._enter, repaired), count - len(chosen))
        return chosen + until_exhausted(self.sample, count - len(chosen))

    def of(self, genome: Genome, mutant: Callable[[Genome], Genome]) -> Genome | None:
        """`genome` repaired; if it was seen, a mutant of it; failing that a sample; None when all were seen."""
        for _ in range(TRIES):
            if (repaired := self._new(genome)) is not None:
                return repaired
            genome = mutant(genome)
        return self.sample()

    def sample(self) -> Genome | None:
        """A random feasible chromosome not seen before; None when all were seen."""
        for _ in range(TRIES):
            if (repaired := self._new(self._drawn())) is not None:
                return repaired
        return next(filter(self._enter, self._rest), None)

    def chosen(self, genome: Genome) -> Genome | None:
        """`genome` repaired, else a sample; None when all were seen."""
        repaired = self._space.repair(genome, self._budget, self._rng)
        return repaired if self._enter(repaired) else self.sample()

    def seen(self, genome: Genome) -> bool:
        """Whether `genome` was given before."""
        return genome in self._seen

    def sketched(self, genome: Genome) -> Genome:
        """`genome` repaired by the sketch of the space: quick, and not yet given."""
        return self._repaired(self._space.sketch, genome)

    def drawn(self) -> Genome:
        """A random chromosome, repaired as by `sketched`."""
        return self.sketched(self._drawn())

    def _drawn(self) -> Genome:
        return self._space.sample(self._rng, target=self._target())

    def _new(self, genome: Genome) -> Genome | None:
        repaired = self._repaired(self._space, genome)
        return repaired if self._enter(repaired) else None

    def _repaired(self, space: SearchSpace, genome: Genome) -> Genome:
        repaired = space.repair(genome, self._budget, self._rng)
        if self._budget is not None and not self._spread and self._rng.random() < FILLED:
            repaired = space.fill(repaired, self._budget, self._rng)
        return repaired

    def _enter(self, genome: Genome) -> bool:
        """Whether `genome` was not seen before; from now on it was."""
        known = len(self._seen)
        self._seen.add(genome)
        return len(self._seen) > known

    def _target(self) -> float:
        """MACs to sample around. Near the budget it lies slightly above on average, as repair only ever cuts."""
        top = self._space.macs(self._space.full) if self._budget is None else self._budget
        if self._spread:
            return self._rng.uniform(self._space.min_macs(), top)
        return top * self._rng.uniform(0.95, 1.15)


def until_exhausted(draw: Callable[[], Genome | None], count: int) -> list[Genome]:
    """What `draw` gives in `count` calls; fewer once it gives None."""
    return list(islice(iter(draw, None), count))
