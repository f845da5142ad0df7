"""`FreeGenes`: the genes that are not layers: patch ratio, patch place and module, each where several are given."""

from dataclasses import dataclass
from itertools import product

from models.architecture import ModuleSpec, PatchKeep
from search.contracts import Genome
from search.space_spec import NOTHING, SpaceSpec


@dataclass(frozen=True, slots=True)
class FreeGenes:
    """Indexes of a patch ratio, a patch place and a module, in this order; what has one value only is no gene.

    At a ratio of 1 no patch is dropped and the place means nothing: there its gene is 0, and no other value is used.
    """

    spec: SpaceSpec
    default_place: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many choices each gene has."""
        return tuple(size for size in self._all_sizes() if size > 1)

    @property
    def combinations(self) -> list[Genome]:
        """Every combination once."""
        return [genes for genes in product(*map(range, self.sizes)) if self.canonical(genes) == genes]

    @property
    def full(self) -> Genome:
        """The largest ratio at the last place, and the first module."""
        place = self._places().index(max(self._places()))
        return self.canonical(self._genes((self._ratios().index(max(self._ratios())), place, 0)))

    def canonical(self, genes: Genome) -> Genome:
        """`genes` with a meaningless place set to 0."""
        ratio, place, module = self._indexes(genes)
        return self._genes((ratio, place if self._ratios()[ratio] < 1.0 else 0, module))

    def patches(self, genes: Genome) -> PatchKeep | None:
        """The patch filter; None at a ratio of 1."""
        ratio, place, _ = self._indexes(genes)
        if self._ratios()[ratio] == 1.0:
            return None
        spec = self.spec
        return PatchKeep(self._ratios()[ratio], self._places()[place], spec.patch_mode, spec.patch_foreground)

    def module(self, genes: Genome) -> ModuleSpec | None:
        """What stands beside kept sub-layers."""
        text = self.spec.modules[self._indexes(genes)[2]]
        return None if text == NOTHING else ModuleSpec.parse(text)

    def first_place(self) -> int | None:
        """After how many blocks patches are dropped at the earliest; None where they never are."""
        return min(self._places()) if min(self._ratios()) < 1.0 else None

    def _ratios(self) -> tuple[float, ...]:
        return self.spec.patch_ratios or (1.0,)

    def _places(self) -> tuple[int, ...]:
        return self.spec.patch_places or (self.default_place,)

    def _all_sizes(self) -> tuple[int, int, int]:
        return len(self._ratios()), len(self._places()), len(self.spec.modules)

    def _indexes(self, genes: Genome) -> tuple[int, int, int]:
        given = iter(genes)
        ratio, place, module = (next(given) if size > 1 else 0 for size in self._all_sizes())
        return ratio, place, module

    def _genes(self, indexes: tuple[int, int, int]) -> Genome:
        return tuple(index for index, size in zip(indexes, self._all_sizes(), strict=True) if size > 1)
