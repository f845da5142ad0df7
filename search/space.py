"""`SearchSpace`: every chromosome of a search, what it decodes to, and what it costs."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from models.architecture import Architecture, Choice, PatchKeep, SubLayer
from search.contracts import Genome
from search.spec import SpaceSpec

DROP, KEEP = 0, 1


class SearchSpace:
    """One gene per sub-layer (0 drops it, 1 keeps it) and, with patch ratios, a last gene that indexes them.

    `macs` gives an architecture's MACs per example. At a given patch ratio they must be at least those with nothing
    kept plus what each kept sub-layer saves when dropped alone, as costs that add up are: `within` rests on it.
    """

    def __init__(self, sub_layers: Sequence[SubLayer], spec: SpaceSpec, macs: Callable[[Architecture], int]) -> None:
        self.sub_layers = tuple(sub_layers)
        self._ratios = spec.patch_ratios
        self._after_block = spec.patch_after_block
        self._dropped = Choice(keep=False, bottleneck=spec.bottleneck if spec.dropped == "adapter" else 0)
        self._kept = Choice(keep=True, bottleneck=spec.kept_bottleneck)
        self._cost = macs
        self._known_macs: dict[Genome, int] = {}

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many choices each gene has."""
        return (2,) * len(self.sub_layers) + ((len(self._ratios),) if self._ratios else ())

    @property
    def size(self) -> int:
        """How many chromosomes there are."""
        return math.prod(self.sizes)

    @property
    def full(self) -> Genome:
        """The no-skip adapter model: every sub-layer kept, and the largest patch ratio."""
        patches = (self._ratios.index(max(self._ratios)),) if self._ratios else ()
        return (KEEP,) * len(self.sub_layers) + patches

    def check(self, genome: Sequence[int]) -> None:
        """Refuse what is no chromosome of this space.

        Raises:
            ValueError: it has too many or too few genes, or a gene has no such choice.
        """
        if len(genome) != len(self.sizes):
            raise ValueError(f"genome has {len(genome)} genes; space has {len(self.sizes)}")
        for index, (gene, size) in enumerate(zip(genome, self.sizes, strict=True)):
            if not 0 <= gene < size:
                raise ValueError(f"gene {index} is {gene}; its choices are 0 to {size - 1}")

    def decode(self, genome: Genome) -> Architecture:
        """The architecture that `genome` stands for; a patch ratio of 1 means no patch filter.

        Raises:
            ValueError: it is no chromosome of this space.
        """
        self.check(genome)
        count = len(self.sub_layers)
        choices = tuple(self._kept if gene == KEEP else self._dropped for gene in genome[:count])
        ratio = self._ratios[genome[count]] if self._ratios else 1.0
        return Architecture(choices, PatchKeep(ratio, self._after_block) if ratio < 1.0 else None)

    def macs(self, genome: Genome) -> int:
        """MACs per example of what `genome` decodes to."""
        if genome not in self._known_macs:
            self._known_macs[genome] = self._cost(self.decode(genome))
        return self._known_macs[genome]

    def violation(self, genome: Genome, budget: int | None) -> int:
        """MACs by which `genome` exceeds `budget`; 0 where it is feasible. None bounds nothing."""
        return 0 if budget is None else max(self.macs(genome) - budget, 0)

    def feasible(self, genome: Genome, budget: int | None) -> bool:
        """Whether `genome` costs at most `budget` MACs."""
        return self.violation(genome, budget) == 0

    @cached_property
    def cheapest(self) -> Genome:
        """The chromosome with the fewest MACs: nothing kept, unless what stands in its place costs more."""
        return min((self._cheapest_at(patches) for patches in self._extra_macs), key=self.macs)

    def min_macs(self) -> int:
        """MACs of the cheapest chromosome."""
        return self.macs(self.cheapest)

    def sample(self, rng: random.Random, *, target: float | None = None) -> Genome:
        """A random chromosome whose expected cost is `target` MACs, or of fair coins without one.

        However far the target lies, one sub-layer in expectation is kept and one dropped, so that samples differ.
        """
        patches = rng.choice(list(self._extra_macs))
        keep = 0.5 if target is None else self._keep_probability(patches, target)
        return (*(KEEP if rng.random() < keep else DROP for _ in self.sub_layers), *patches)

    def repair(self, genome: Genome, budget: int | None, rng: random.Random) -> Genome:
        """`genome` itself if feasible, else with sub-layers dropped at random, weighted by the MACs each saves.

        Where no drop saves anything any more, the patch ratio is lowered, one step at a time.

        Raises:
            ValueError: no chromosome is that cheap.
        """
        while not self.feasible(genome, budget):
            cheaper = self._drop_one(genome, rng) or self._lower_ratio(genome)
            if cheaper is None:
                raise ValueError(f"no chromosome costs at most {budget:,} MACs; the cheapest has {self.min_macs():,}")
            genome = cheaper
        return genome

    def fill(self, genome: Genome, budget: int, rng: random.Random) -> Genome:
        """A feasible `genome` with dropped sub-layers kept again, at random, as long as one fits the budget."""
        genes = list(genome)
        dropped = [gene for gene in range(len(self.sub_layers)) if genome[gene] == DROP]
        for gene in rng.sample(dropped, len(dropped)):
            genes[gene] = KEEP
            if not self.feasible(tuple(genes), budget):
                genes[gene] = DROP
        return tuple(genes)

    def within(self, budget: int | None) -> Iterator[Genome]:
        """Every feasible chromosome once, lazily; those that keep the first sub-layers come first."""
        for patches, extra in self._extra_macs.items():
            least = self._nothing_kept(patches) + sum(min(more, 0) for more in extra)
            stack: list[tuple[Genome, float]] = [((), math.inf if budget is None else budget - least)]
            while stack:
                genes, spare = stack.pop()
                if len(genes) < len(extra):
                    more = extra[len(genes)]  # the dearer choice of this gene eats into what is spare
                    both = [((*genes, DROP), spare + min(more, 0)), ((*genes, KEEP), spare - max(more, 0))]
                    stack += [each for each in both if each[1] >= 0]
                elif self.feasible(genes + patches, budget):
                    yield genes + patches

    @cached_property
    def _extra_macs(self) -> dict[Genome, list[int]]:
        """By patch gene: how many MACs each sub-layer costs beyond what stands in its place when dropped."""
        return {patches: self._extra_at(patches) for patches in self._patch_genes()}

    def _patch_genes(self) -> list[Genome]:
        return [(index,) for index in range(len(self._ratios))] or [()]

    def _extra_at(self, patches: Genome) -> list[int]:
        kept = (KEEP,) * len(self.sub_layers)
        without = [(*kept[:gene], DROP, *kept[gene + 1 :]) for gene in range(len(kept))]
        return [self.macs(kept + patches) - self.macs(genes + patches) for genes in without]

    def _nothing_kept(self, patches: Genome) -> int:
        return self.macs((DROP,) * len(self.sub_layers) + patches)

    def _cheapest_at(self, patches: Genome) -> Genome:
        return (*(DROP if more >= 0 else KEEP for more in self._extra_macs[patches]), *patches)

    def _keep_probability(self, patches: Genome, target: float) -> float:
        count, extra = len(self.sub_layers), sum(self._extra_macs[patches])
        if extra <= 0:  # a wide adapter in place of a sub-layer can cost more than the sub-layer
            return 0.5
        return min(max((target - self._nothing_kept(patches)) / extra, 1 / count), 1 - 1 / count)

    def _drop_one(self, genome: Genome, rng: random.Random) -> Genome | None:
        extra = self._extra_macs[genome[len(self.sub_layers) :]]
        saved = [max(more if gene == KEEP else -more, 0) for gene, more in zip(genome, extra, strict=False)]
        if not any(saved):
            return None
        gene = rng.choices(range(len(saved)), cum_weights=list(accumulate(saved)))[0]
        return (*genome[:gene], 1 - genome[gene], *genome[gene + 1 :])

    def _lower_ratio(self, genome: Genome) -> Genome | None:
        others = [genome[: len(self.sub_layers)] + patches for patches in self._patch_genes()]
        cheaper = [other for other in others if self.macs(other) < self.macs(genome)]
        return max(cheaper, key=self.macs, default=None)
