"""A made-up world to search: what each sub-layer costs and is worth, without a network."""

import math
import random
from dataclasses import dataclass
from functools import cached_property

from models.architecture import Architecture, SubLayer, SubLayerKind
from search.contracts import Candidate, Fidelity, Genome, Measurement, gene_key
from search.space import SearchSpace
from search.space_spec import SpaceSpec

ATTENTION_MACS, FFN_MACS, HEAD_MACS = 300, 700, 500  # per example at all patches
ADAPTER_MACS = 10  # of an adapter of size 8


def sub_layers(blocks: int) -> tuple[SubLayer, ...]:
    kinds = (SubLayerKind.SELF_ATTENTION, SubLayerKind.FFN)
    return tuple(SubLayer(block, kind) for block in range(blocks) for kind in kinds)


def made_up_macs(architecture: Architecture) -> int:
    """MACs that add up over sub-layers; after the patch filter they shrink with its ratio."""
    total = HEAD_MACS
    for layer, choice in zip(sub_layers(len(architecture.choices) // 2), architecture.choices, strict=True):
        own = ATTENTION_MACS if layer.kind is SubLayerKind.SELF_ATTENTION else FFN_MACS
        cost = choice.keep * own + (ADAPTER_MACS * choice.module.size // 8 if choice.module else 0)
        patches = architecture.patches
        total += round(cost * (patches.ratio if patches and layer.block >= patches.after_block else 1.0))
    return total


def made_up_space(blocks: int = 12, **spec: object) -> SearchSpace:
    return SearchSpace(sub_layers(blocks), SpaceSpec.model_validate(spec), made_up_macs, patch_places=blocks)


@dataclass(frozen=True)
class Landscape:
    """How accurate a chromosome is: rugged, not additive, a little like dropping layers of a real network.

    A dropped sub-layer hurts by its own weight (some hardly, few a lot); some pairs hurt far more when both are
    dropped (each does the other's work), others less than their sum (one is useless without the other); and the
    whole damage saturates. `noise` is the standard deviation of one measurement, the same at each repetition.
    """

    space: SearchSpace
    seed: int
    noise: float = 0.01
    top: float = 0.80

    @cached_property
    def _own(self) -> list[float]:
        world = random.Random(f"own {self.seed}")
        return [0.008 * world.expovariate(1.0) for _ in self.space.layers]

    @cached_property
    def _pairs(self) -> list[tuple[int, int, float]]:
        """Pairs of sub-layers, and what dropping both adds to the sum of their weights."""
        world = random.Random(f"pairs {self.seed}")
        genes = range(len(self._own))
        pairs = (world.sample(genes, 2) for _ in range(2 * len(genes)))
        return [(one, two, max(world.gauss(0.003, 0.008), -min(self._own[one], self._own[two]))) for one, two in pairs]

    def accuracy(self, genome: Genome) -> float:
        """What a measurement without noise would give."""
        damage = sum(own for own, gene in zip(self._own, genome, strict=False) if not gene)
        damage += sum(together for one, two, together in self._pairs if not genome[one] and not genome[two])
        return self.top * math.exp(-max(damage, 0.0) / 0.3)

    def probe(self) -> dict[str, float]:
        """What a score that sees each layer alone would find: how much its drop hurts, and some noise."""
        luck = random.Random(f"probe {self.seed}")
        return {gene_key(gene): own + luck.gauss(0.0, self.noise / 4) for gene, own in enumerate(self._own)}

    def measure(self, candidate: Candidate) -> Measurement:
        """What a worker would report: the same for the same chromosome and fidelity."""
        if candidate.fidelity is Fidelity.PROBE:
            return self.probe() | {"macs": float(self.space.macs(candidate.genome))}
        if candidate.fidelity is Fidelity.WARM:
            return {"loss": 1.0, "seconds": 2.0}
        luck = random.Random(f"{self.seed} {candidate.genome} {candidate.fidelity}").gauss(0.0, self.noise)
        exact = candidate.fidelity is not Fidelity.PROXY
        return {"accuracy": self.accuracy(candidate.genome) + (0.0 if exact else luck)} | self.costs(candidate.genome)

    def costs(self, genome: Genome) -> dict[str, float]:
        """Made-up costs: a layer of attention is slower than its MACs say, and one FFN in memory is as dear as all."""
        kept = [gene for gene, keep in zip(range(len(self._own)), genome, strict=False) if keep]
        return {
            "macs": float(self.space.macs(genome)),
            "parameters": 1000.0 + sum(900 if gene % 2 else 600 for gene in kept),
            "latency_ms": 2.0 + sum(0.8 if gene % 2 else 1.0 for gene in kept),
            "peak_memory_mb": 50.0 + 30.0 * any(gene % 2 for gene in kept) + len(kept),
        }
