"""What can vary in a backbone, without torch: its sub-layers and a choice for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class SubLayerKind(StrEnum):
    """The fine-grained layers of a transformer block."""

    SELF_ATTENTION = "msa"
    FFN = "ffn"


@dataclass(frozen=True, slots=True)
class SubLayer:
    """One droppable part of a backbone; its place in `sub_layers` is its gene."""

    block: int
    kind: SubLayerKind

    def __str__(self) -> str:
        return f"block.{self.block}.{self.kind}"


@dataclass(frozen=True, slots=True)
class Choice:
    """What stands at a sub-layer's place: the sub-layer or nothing, an adapter or none.

    `keep` and a bottleneck above 0 is an in-layer adapter beside the sub-layer (DAS); no `keep` and a bottleneck
    above 0 is an adapter in its place; neither is the identity.
    """

    keep: bool = True
    bottleneck: int = 0

    def __post_init__(self) -> None:
        if self.bottleneck < 0:
            raise ValueError(f"an adapter's bottleneck is 0 (no adapter) or more, not {self.bottleneck}")


@dataclass(frozen=True, slots=True)
class PatchKeep:
    """Which share of the image patches goes on after `after_block` blocks; 0 blocks is after the embedding."""

    ratio: float
    after_block: int

    def __post_init__(self) -> None:
        if not 0.0 < self.ratio <= 1.0:
            raise ValueError(f"a patch keep ratio lies in (0, 1], not {self.ratio}")
        if self.after_block < 0:
            raise ValueError(f"patches are dropped after block 0 or later, not {self.after_block}")

    def count(self, patches: int) -> int:
        """How many of `patches` stay: the same for every image of a batch, at least one."""
        return max(1, round(self.ratio * patches))


@dataclass(frozen=True, slots=True)
class Architecture:
    """One member of the search space: a choice per sub-layer, and how many patches the network sees.

    It is an argument of a backbone's forward call, so two candidates can never leak into each other.
    """

    choices: tuple[Choice, ...]
    patches: PatchKeep | None = None

    @classmethod
    def full(cls, sub_layers: Sequence[SubLayer], *, bottleneck: int = 0) -> "Architecture":
        """Everything kept; with a bottleneck, an in-layer adapter beside every sub-layer (no skip)."""
        return cls(tuple(Choice(bottleneck=bottleneck) for _ in sub_layers))

    @property
    def kept(self) -> int:
        """How many sub-layers are kept."""
        return sum(choice.keep for choice in self.choices)

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back."""
        patches = None
        if self.patches is not None:
            patches = {"ratio": self.patches.ratio, "after_block": self.patches.after_block}
        return {"choices": [[choice.keep, choice.bottleneck] for choice in self.choices], "patches": patches}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Architecture":
        """The architecture that `to_json` described.

        Raises:
            ValueError: the data does not describe one.
        """
        try:
            choices = tuple(Choice(keep=bool(keep), bottleneck=int(width)) for keep, width in data["choices"])
            patches = data.get("patches")
            return cls(choices, None if patches is None else PatchKeep(**patches))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an architecture: expected 'choices' and 'patches', got {dict(data)!r}") from error
