"""What is known of a kind of trainable module without torch, and forms that several kinds share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.architecture import ModuleSpec, SubLayerKind
from models.costs.site import FrozenLinear, Site


@dataclass(frozen=True, slots=True)
class Carried:
    """A module where it stands, beside a kept sub-layer or in place of a dropped one."""

    spec: ModuleSpec
    site: Site
    keep: bool

    def linears(self, names: tuple[str, ...]) -> list[FrozenLinear]:
        """Those of the sub-layer's frozen linears that are called so."""
        return [found for name, found in self.site.linears.items() if name in names]

    @property
    def adapter(self) -> int:
        """Parameters of a down- and an up-projection."""
        return linear(self.site.width, self.spec.size) + linear(self.spec.size, self.site.width)

    @property
    def adapter_macs(self) -> int:
        """MACs of a down- and an up-projection on the own tokens."""
        return 2 * self.site.tokens * self.site.width * self.spec.size

    def pair(self, adapted: FrozenLinear) -> int:
        """Parameters of a low-rank pair beside a linear, which are also its MACs a token."""
        return self.spec.size * (adapted.inputs + adapted.outputs)

    @property
    def grouped_up(self) -> int:
        """Weights of an up-projection in two groups."""
        return self.site.width * self.spec.size // 2


Macs = Callable[[Carried], int]
Parts = Mapping[str, int]
"""Parameters by part: the place's own under "", those shared between places under their names."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of module.

    `check` raises ValueError for a size or options that do not fit. `merged` is what is left to run once the frozen
    linears have taken up what they can, None where they cannot.
    """

    check: Callable[[ModuleSpec], object]
    macs: Macs
    parameters: Callable[[Carried], Parts]
    merged: Macs | None = None
    in_place: bool = False  # whether it may stand in for a dropped sub-layer
    serves: frozenset[SubLayerKind] = frozenset(SubLayerKind)


def linear(inputs: int, outputs: int) -> int:
    """Parameters of a linear with a bias."""
    return (inputs + 1) * outputs
