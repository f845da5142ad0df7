"""The genetic operators on chromosomes. They draw from the generator they are given; DEAP's own use the global one."""

import random

from search.contracts import Genome
from search.space import DROP, KEEP, SearchSpace


def crossover(first: Genome, second: Genome, rng: random.Random) -> Genome:
    """Uniform crossover: each gene from either parent."""
    return tuple(rng.choice(pair) for pair in zip(first, second, strict=True))


def mutate(genome: Genome, sizes: tuple[int, ...], *, rate: float, rng: random.Random) -> Genome:
    """Each gene takes another of its choices with probability `rate`; a gene with one choice stays."""
    return tuple(
        (gene + rng.randrange(1, size)) % size if size > 1 and rng.random() < rate else gene
        for gene, size in zip(genome, sizes, strict=True)
    )


def swap(genome: Genome, layers: int, rng: random.Random) -> Genome:
    """A kept layer is dropped and a dropped one kept: another place at about the same cost."""
    kept = [gene for gene in range(layers) if genome[gene] == KEEP]
    dropped = [gene for gene in range(layers) if genome[gene] == DROP]
    if not kept or not dropped:
        return genome
    genes = list(genome)
    genes[rng.choice(kept)], genes[rng.choice(dropped)] = DROP, KEEP
    return tuple(genes)


class Variation:
    """Makes a child of two parents: uniform crossover, then a swap or bit flips."""

    def __init__(
        self, space: SearchSpace, *, crossover: float, mutation: float | None, swap: float, rng: random.Random
    ) -> None:
        self._space = space
        self._crossover = crossover
        self._mutation = 1 / len(space.sizes) if mutation is None else mutation
        self._swap = swap
        self._rng = rng

    def child(self, first: Genome, second: Genome) -> Genome:
        """A child of two parents, not yet repaired; it may equal one of them."""
        mixed = crossover(first, second, self._rng) if self._rng.random() < self._crossover else first
        return self.mutant(mixed)

    def mutant(self, genome: Genome) -> Genome:
        """`genome` after a swap, or else after bit flips."""
        if self._rng.random() < self._swap:
            return swap(genome, len(self._space.layers), self._rng)
        return mutate(genome, self._space.sizes, rate=self._mutation, rng=self._rng)
