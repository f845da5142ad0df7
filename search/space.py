"""`SearchSpace`: every chromosome of a search, what it decodes to, and what it costs."""

import copy
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Self

from models.architecture import Architecture, Choice, ModuleSpec, Stack, SubLayer
from search.contracts import Genome
from search.free_genes import FreeGenes
from search.layer_cost import DROP as DROP
from search.layer_cost import KEEP as KEEP
from search.layer_cost import ExactCost, LayerCost, Room, SummedCost
from search.layer_genes import gene_stacks, layer_genes
from search.space_spec import IDENTITY, SpaceSpec

VILT_PLACE = 2  # blocks before the patch filter where a spec names no place


@dataclass(frozen=True, slots=True)
class FrozenBlocks:
    """How many leading blocks of the encoders no chromosome changes, so that their outputs can be kept."""

    image: int
    text: int


class SearchSpace:
    """A gene per layer (0 drops it, 1 keeps it), then the free genes, which index what else a spec gives several of.

    `macs` gives an architecture's MACs per example. For given free genes they must be at least those with nothing
    kept plus what each kept layer saves when dropped alone, as costs that add up are: `within` rests on it. So must
    `parameters` be; a chromosome with more of them than `most_parameters` is feasible under no budget.
    `patch_places` is the last place of a patch filter in this backbone.
    """

    def __init__(
        self,
        sub_layers: Sequence[SubLayer],
        spec: SpaceSpec,
        macs: Callable[[Architecture], int],
        *,
        patch_places: int,
        parameters: Callable[[Architecture], int] | None = None,
        most_parameters: int | None = None,
    ) -> None:
        """Set out the genes.

        Raises:
            SpecError: the spec names a stack that the backbone has not.
        """
        self.sub_layers = tuple(sub_layers)
        self.layers = layer_genes(sub_layers, spec)
        self._stacks = gene_stacks(sub_layers, spec)
        self._token = spec.classifier_token
        self._dropped = None if spec.dropped == IDENTITY else ModuleSpec.parse(spec.dropped)
        joint = any(each.stack is Stack.JOINT for each in sub_layers)
        self._free = FreeGenes(spec, min(VILT_PLACE, patch_places) if joint else patch_places)
        self._combinations = self._free.combinations
        count = len(self.layers)
        self._macs: LayerCost = ExactCost(lambda genome: macs(self.decode(genome)), count)
        self._parameters: LayerCost | None = None
        if parameters is not None:
            self._parameters = ExactCost(lambda genome: parameters(self.decode(genome)), count)
        self._most_parameters = math.inf if parameters is None or most_parameters is None else most_parameters

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many choices each gene has."""
        return (2,) * len(self.layers) + self._free.sizes

    @property
    def size(self) -> int:
        """How many chromosomes there are; a patch place that means nothing is not counted."""
        return (1 << len(self.layers)) * len(self._combinations)

    @property
    def full(self) -> Genome:
        """The no-skip adapter model: every layer kept, the largest patch ratio at the last place, the first module."""
        return (KEEP,) * len(self.layers) + self._free.full

    @property
    def frozen_blocks(self) -> FrozenBlocks:
        """The encoders' leading blocks that are the same for every chromosome; 0 where there is no encoder."""
        place = self._free.first_place()
        image = self._encoder_blocks(Stack.VISION)
        return FrozenBlocks(image if place is None else min(image, place), self._encoder_blocks(Stack.LANGUAGE))

    def _encoder_blocks(self, stack: Stack) -> int:
        """Blocks of an encoder that has no genes."""
        return 0 if stack in self._stacks else len({each.block for each in self.sub_layers if each.stack is stack})

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
        """The architecture that `genome` stands for.

        Raises:
            ValueError: it is no chromosome of this space.
        """
        self.check(genome)
        free = genome[len(self.layers) :]
        beside = Choice(module=self._free.module(free))
        choices = [beside if each.stack in self._stacks else Choice() for each in self.sub_layers]
        for gene, layer in zip(genome, self.layers, strict=False):
            if gene == DROP:
                for place in layer.places:
                    choices[place] = Choice(keep=False)
                choices[layer.places[0]] = Choice(False, self._dropped, layer.bare and self._dropped is not None)
        return Architecture(tuple(choices), self._free.patches(free), self._token)

    def macs(self, genome: Genome) -> int:
        """MACs per example of what `genome` decodes to."""
        return self._macs(genome)

    def parameters(self, genome: Genome) -> int | None:
        """Parameters of what `genome` decodes to; None where the space does not know them."""
        return None if self._parameters is None else self._parameters(genome)

    @property
    def knows_parameters(self) -> bool:
        """Whether parameters have a closed form here."""
        return self._parameters is not None

    @cached_property
    def sketch(self) -> Self:
        """This space with costs that are sums over layers: quick for a first look at many chromosomes."""
        space = copy.copy(self)
        space._macs = SummedCost(self._macs, len(self.layers))
        space._parameters = None if self._parameters is None else SummedCost(self._parameters, len(self.layers))
        return space

    def violation(self, genome: Genome, budget: int | None) -> float:
        """By how much `genome` exceeds `budget` and the bound on parameters, as shares of them; 0 where feasible."""
        over = 0.0 if budget is None else max(self.macs(genome) - budget, 0) / budget
        if self._parameters is None or self._most_parameters == math.inf:
            return over
        return over + max(self._parameters(genome) - self._most_parameters, 0) / self._most_parameters

    def feasible(self, genome: Genome, budget: int | None) -> bool:
        """Whether `genome` costs at most `budget` MACs and has no more parameters than it may."""
        return self.violation(genome, budget) == 0

    @cached_property
    def cheapest(self) -> Genome:
        """The chromosome with the fewest MACs: nothing kept, unless what stands in its place costs more."""
        return min((self._cheapest_at(free) for free in self._combinations), key=self.macs)

    def min_macs(self) -> int:
        """MACs of the cheapest chromosome."""
        return self.macs(self.cheapest)

    def check_budget(self, budget: int | None) -> None:
        """Refuse a budget that nothing meets.

        Raises:
            ValueError: every chromosome costs more, or has too many parameters.
        """
        if budget is not None and self.min_macs() > budget:
            raise ValueError(f"no chromosome costs at most {budget:,} MACs; the cheapest has {self.min_macs():,}")
        self._fallback(budget)

    def _fallback(self, budget: int | None) -> Genome:
        """A feasible chromosome: the cheapest if it is, else the first in order.

        Raises:
            ValueError: there is none.
        """
        if self.feasible(self.cheapest, budget):
            return self.cheapest
        if (found := next(self.within(budget), None)) is None:
            macs = "" if budget is None else f" and at most {budget:,} MACs"
            raise ValueError(
                f"no chromosome has at most {self._most_parameters:,} parameters{macs}; the one with the fewest MACs "
                f"has {self.parameters(self.cheapest):,}"
            )
        return found

    def sample(self, rng: random.Random, *, target: float | None = None) -> Genome:
        """A random chromosome whose expected cost is `target` MACs, or of fair coins without one.

        However far the target lies, one layer in expectation is kept and one dropped, so that samples differ.
        """
        free = rng.choice(self._combinations)
        keep = 0.5 if target is None else self._keep_probability(free, target)
        return (*(KEEP if rng.random() < keep else DROP for _ in self.layers), *free)

    def repair(self, genome: Genome, budget: int | None, rng: random.Random) -> Genome:
        """`genome` itself if feasible, else with layers dropped at random, weighted by what each saves.

        That is its share of MACs; where MACs are within the budget, of parameters.

        Where no drop saves anything any more, the free genes take the next cheaper combination, one step at a time.
        A patch place that means nothing becomes 0.

        Raises:
            ValueError: no chromosome is that cheap.
        """
        self.check_budget(budget)
        genome = genome[: len(self.layers)] + self._free.canonical(genome[len(self.layers) :])
        while not self.feasible(genome, budget):
            genome = self._drop_one(genome, rng, budget) or self.cheaper_free(genome) or self._fallback(budget)
        return genome

    def fill(self, genome: Genome, budget: int, rng: random.Random) -> Genome:
        """A feasible `genome` with dropped layers kept again, at random, as long as one fits the budget."""
        dropped = [gene for gene in range(len(self.layers)) if genome[gene] == DROP]
        return self.keep(genome, rng.sample(dropped, len(dropped)), budget)

    def keep(self, genome: Genome, order: Iterable[int], budget: int) -> Genome:
        """A feasible `genome` with layers of `order` kept again, first come first served, where one fits the budget."""
        for gene in order:
            kept = self.flipped(genome, gene)
            if self.feasible(kept, budget):
                genome = kept
        return genome

    def flipped(self, genome: Genome, gene: int) -> Genome:
        """`genome` with a kept layer dropped, or a dropped one kept."""
        return (*genome[:gene], 1 - genome[gene], *genome[gene + 1 :])

    def cheaper_free(self, genome: Genome) -> Genome | None:
        """`genome` with the dearest combination of free genes that costs less than its own; None without one."""
        others = [genome[: len(self.layers)] + free for free in self._combinations]
        cheaper = [other for other in others if self.macs(other) < self.macs(genome)]
        return max(cheaper, key=self.macs, default=None)

    def within(self, budget: int | None) -> Iterator[Genome]:
        """Every feasible chromosome once, lazily; those that keep the first layers come first."""
        for free in self._combinations:
            yield from (genes + free for genes in self._within(free, budget) if self.feasible(genes + free, budget))

    def _within(self, free: Genome, budget: int | None) -> Iterator[Genome]:
        """The layer genes that fit as far as sums over layers say."""
        costs = [(self._macs, math.inf if budget is None else budget), (self._parameters, self._most_parameters)]
        bounds = [Room.of(cost, free, most) for cost, most in costs if cost is not None]
        stack: list[tuple[Genome, tuple[float, ...]]] = [((), tuple(each.spare for each in bounds))]
        while stack:
            genes, spare = stack.pop()
            if len(genes) == len(self.layers):
                yield genes
                continue
            for gene in (DROP, KEEP):
                left = tuple(has - each.taken(len(genes), gene) for has, each in zip(spare, bounds, strict=True))
                if all(each >= 0 for each in left):
                    stack.append(((*genes, gene), left))

    def _extra_macs(self, free: Genome) -> list[int]:
        """By layer: how many MACs it costs beyond what stands in its place when dropped."""
        return self._macs.surplus(free)

    def _nothing_kept(self, free: Genome) -> int:
        return self._macs.nothing_kept(free)

    def _cheapest_at(self, free: Genome) -> Genome:
        return (*(DROP if more >= 0 else KEEP for more in self._extra_macs(free)), *free)

    def _keep_probability(self, free: Genome, target: float) -> float:
        count, extra = len(self.layers), sum(self._extra_macs(free))
        if extra <= 0:  # a wide adapter in place of a layer can cost more than the layer
            return 0.5
        return min(max((target - self._nothing_kept(free)) / extra, 1 / count), 1 - 1 / count)

    def _drop_one(self, genome: Genome, rng: random.Random, budget: int | None) -> Genome | None:
        cost = self._macs if budget is not None and self.macs(genome) > budget else self._parameters
        saved = [max(more, 0) for more in self._saved(genome, cost or self._macs)]
        if not any(saved):
            return None
        return self.flipped(genome, rng.choices(range(len(saved)), cum_weights=list(accumulate(saved)))[0])

    def _saved(self, genome: Genome, cost: LayerCost) -> list[int]:
        extra = cost.surplus(genome[len(self.layers) :])
        return [more if gene == KEEP else -more for gene, more in zip(genome, extra, strict=False)]

    def savings(self, genome: Genome) -> list[int]:
        """By layer: how many MACs flipping its gene takes away; below 0 where it adds some."""
        return self._saved(genome, self._macs)
