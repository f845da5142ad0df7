"""The training-free scores by name, without torch, and what each costs."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Passes:
    """How often each example goes forward and backward through the network."""

    forward: int
    backward: int = 0


class ScoreName(StrEnum):
    """The scores of sub-layers that need no training; of every one, a higher value is more worth keeping."""

    MULTIFLOW = "multiflow"
    SPT = "spt"
    ADAPEFT = "adapeft"
    RESIDUAL = "residual"
    SKIP = "skip"

    def passes(self, sub_layers: int) -> Passes:
        """What it costs in a network of so many sub-layers: of the held-out examples for skip, else calibration."""
        if self is ScoreName.SPT:
            return Passes(forward=1, backward=1)
        if self is ScoreName.ADAPEFT:
            return Passes(forward=2, backward=2 + sub_layers)
        if self is ScoreName.SKIP:
            return Passes(forward=1 + sub_layers)
        return Passes(forward=1)

    @property
    def needs_head(self) -> bool:
        """Whether it asks the head that the checkpoint has for the task."""
        return self not in (ScoreName.MULTIFLOW, ScoreName.RESIDUAL)
