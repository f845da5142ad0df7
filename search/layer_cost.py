"""`LayerCost`: one closed-form cost of chromosomes, and what each layer has of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from search.contracts import Genome

DROP, KEEP = 0, 1


class LayerCost(Protocol):
    """What a chromosome costs, such as MACs or parameters."""

    def __call__(self, genome: Genome) -> int:
        """The cost of `genome`."""

    def surplus(self, free: Genome) -> list[int]:
        """By layer, at these free genes: what it costs beyond what stands in its place when dropped."""

    def nothing_kept(self, free: Genome) -> int:
        """The cost with every layer dropped."""


class ExactCost:
    """`cost` of each chromosome, asked once. The first `layers` genes are layers, the others free."""

    def __init__(self, cost: Callable[[Genome], int], layers: int) -> None:
        self._cost = cost
        self._layers = layers
        self._known: dict[Genome, int] = {}
        self._known_surplus: dict[Genome, list[int]] = {}

    def __call__(self, genome: Genome) -> int:
        """The cost of `genome`."""
        if genome not in self._known:
            self._known[genome] = self._cost(genome)
        return self._known[genome]

    def surplus(self, free: Genome) -> list[int]:
        """By layer: what the chromosome that keeps everything loses with it."""
        if free not in self._known_surplus:
            kept = (KEEP,) * self._layers
            without = [(*kept[:gene], DROP, *kept[gene + 1 :], *free) for gene in range(self._layers)]
            self._known_surplus[free] = [self(kept + free) - self(genome) for genome in without]
        return self._known_surplus[free]

    def nothing_kept(self, free: Genome) -> int:
        """The cost with every layer dropped."""
        return self((DROP,) * self._layers + free)


class SummedCost:
    """Adds up what the layers of `exact` cost: as quick as a sum, and a lower bound where costs do not add up."""

    def __init__(self, exact: LayerCost, layers: int) -> None:
        self._layers = layers
        self.surplus = exact.surplus
        self.nothing_kept = exact.nothing_kept

    def __call__(self, genome: Genome) -> int:
        """The sum over what `genome` keeps."""
        free = genome[self._layers :]
        kept = (more for more, gene in zip(self.surplus(free), genome, strict=False) if gene == KEEP)
        return self.nothing_kept(free) + sum(kept)


@dataclass(frozen=True, slots=True)
class Room:
    """What a bound on one cost leaves beyond the cheapest choice of every layer, and what each choice takes of it."""

    extra: list[int]
    spare: float

    @classmethod
    def of(cls, cost: LayerCost, free: Genome, most: float) -> Self:
        """The room for `most` of `cost` at these free genes."""
        extra = cost.surplus(free)
        return cls(extra, most - cost.nothing_kept(free) - sum(min(more, 0) for more in extra))

    def taken(self, layer: int, gene: int) -> int:
        """What this choice takes of it."""
        more = self.extra[layer]
        return max(more, 0) if gene == KEEP else max(-more, 0)
