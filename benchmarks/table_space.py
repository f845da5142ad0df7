"""A space small enough to score whole: the sub-layers of a ViLT's last blocks; the blocks before are always kept."""

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.architecture import Architecture
from models.cost import cost_model
from models.registry import BackboneEntry, BackboneRegistry
from search.build import workload
from search.contracts import Genome
from search.space import SearchSpace
from search.spec import SearchSpec

BACKBONE = "shapes-vilt"


class TableSpace:
    """Every chromosome of `genes` layer genes, in the order of its binary number: gene 0 is the highest digit."""

    def __init__(self, genes: int, spec: SearchSpec | None = None) -> None:
        """Set out the genes: the last `genes` sub-layers.

        Raises:
            ValueError: the backbone has fewer sub-layers.
        """
        self.spec = SearchSpec(backbone=BACKBONE) if spec is None else spec
        self.entry: BackboneEntry = BackboneRegistry().get(self.spec.backbone)
        sub_layers = self.entry.config.sub_layers
        if not 0 < genes <= len(sub_layers):
            raise ValueError(f"{genes} genes; '{self.spec.backbone}' has {len(sub_layers)} sub-layers, one for each")
        self.first_place = len(sub_layers) - genes
        self._cost = cost_model(self.entry.config, workload(self.spec, self.entry))
        free = sub_layers[self.first_place :]
        self.space = SearchSpace(free, self.spec.space, self._macs, patch_places=self.entry.config.patch_places)

    @property
    def genes(self) -> int:
        """How many there are."""
        return len(self.space.layers)

    def whole(self, architecture: Architecture) -> Architecture:
        """An architecture of the last sub-layers with the first ones kept, each with what stands beside the kept."""
        beside = self.space.decode(self.space.full).choices[0]
        return replace(architecture, choices=(*(beside,) * self.first_place, *architecture.choices))

    def genome(self, number: int) -> Genome:
        """The chromosome with a binary number."""
        return tuple(int(digit) for digit in f"{number:0{self.genes}b}")

    @cached_property
    def macs(self) -> NDArray[np.int64]:
        """MACs per example of every chromosome, (2^genes,): without a patch filter those of sub-layers add up."""
        full = self.space.full
        saved = np.array(self.space.savings(full))
        macs: NDArray[np.int64] = self.space.macs(full) - (1 - bits(self.genes)) @ saved
        return macs

    def _macs(self, architecture: Architecture) -> int:
        return self._cost.macs(self.whole(architecture))


def bits(genes: int) -> NDArray[np.int64]:
    """Every chromosome of binary genes as a row, (2^genes, genes)."""
    rows: NDArray[np.int64] = np.arange(1 << genes)[:, None] >> np.arange(genes)[::-1] & 1
    return rows


def number_of(genome: Genome) -> int:
    """The binary number of a chromosome."""
    return int("".join(map(str, genome)), 2)
