"""What can vary in a backbone, without torch: its sub-layers and a choice for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class SubLayerKind(StrEnum):
    """The fine-grained layers of a transformer block."""

    SELF_ATTENTION = "msa"
    CROSS_ATTENTION = "ca"
    FFN = "ffn"


class Stack(StrEnum):
    """Which of a backbone's transformers a sub-layer belongs to."""

    JOINT = "block"  # ViLT: text and image in one sequence
    TEXT = "text"  # METER's fusion layers, text stream
    IMAGE = "image"  # METER's fusion layers, image stream
    VISION = "vision"  # METER's image encoder (CLIP)
    LANGUAGE = "language"  # METER's text encoder (RoBERTa)


@dataclass(frozen=True, slots=True)
class SubLayer:
    """One droppable part of a backbone; its place in `sub_layers` is its gene."""

    block: int
    kind: SubLayerKind
    stack: Stack = Stack.JOINT

    def __str__(self) -> str:
        return f"{self.stack}.{self.block}.{self.kind}"


@dataclass(frozen=True, slots=True)
class ModuleSpec:
    """A trainable module: its kind, its size (bottleneck, rank or prompts) and the options that the kind defines."""

    kind: str
    size: int
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"a module '{self.kind}' has a size of 1 or more, not {self.size}")

    def __str__(self) -> str:
        return ":".join((self.kind, str(self.size), *self.options))

    @classmethod
    def parse(cls, text: str) -> "ModuleSpec":
        """The module that `str` of a spec names, such as `bottleneck:8` or `routing-lora:4:mul`.

        Raises:
            ValueError: the text has no kind and size.
        """
        kind, _, rest = text.partition(":")
        size, *options = rest.split(":")
        if not kind or not size.isdecimal():
            raise ValueError(f"a module is written kind:size[:option...], such as bottleneck:8, not {text!r}")
        return cls(kind, int(size), tuple(options))


def bottleneck(size: int) -> ModuleSpec | None:
    """A bottleneck adapter of `size`; none for 0."""
    return ModuleSpec("bottleneck", size) if size else None


@dataclass(frozen=True, slots=True)
class Choice:
    """What stands at a sub-layer's place: the sub-layer or nothing, a trainable module or none.

    `keep` with a module is a module beside the sub-layer (DAS's in-layer adapter); no `keep` with a module is one in
    its place; neither is the identity. In a post-norm network what stands in a sub-layer's place goes through its
    norm, `LN(h + f(h))` (EAS); a `bare` one does not, `h + f(h)` (DAS's skipped layer). The identity has no norm.
    """

    keep: bool = True
    module: ModuleSpec | None = None
    bare: bool = False

    def __post_init__(self) -> None:
        if self.bare and (self.keep or self.module is None):
            raise ValueError("only a module in a sub-layer's place can be bare")


class PatchMode(StrEnum):
    """How patches are chosen. Only the first is the image patch filter (IPF); the others are its ablations."""

    IPF = "ipf"  # quotas for foreground and background, each ranked by score
    SCORE_ONLY = "score-only"
    FOREGROUND_ONLY = "foreground-only"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class PatchKeep:
    """Which share of the image patches goes on after `after_block` blocks; 0 blocks is after the embedding.

    Blocks are ViLT's own, or those of METER's image encoder, where the last place is after the encoder.
    `foreground` is the share of the kept patches that foreground gets (beta); None lets the scores decide it.
    """

    ratio: float
    after_block: int
    mode: PatchMode = PatchMode.IPF
    foreground: float | None = 0.7

    def __post_init__(self) -> None:
        if not 0.0 < self.ratio <= 1.0:
            raise ValueError(f"a patch keep ratio lies in (0, 1], not {self.ratio}")
        if self.after_block < 0:
            raise ValueError(f"patches are dropped after block 0 or later, not {self.after_block}")
        if self.foreground is not None and not 0.0 <= self.foreground <= 1.0:
            raise ValueError(f"the foreground's share of the kept patches lies in [0, 1], not {self.foreground}")

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
    classifier_token: bool = False  # METER-DAS: a trained token in place of the projected text's first one

    @classmethod
    def full(cls, sub_layers: Sequence[SubLayer], *, module: ModuleSpec | None = None) -> "Architecture":
        """Everything kept; with a module, one beside every sub-layer (no skip)."""
        return cls(tuple(Choice(module=module) for _ in sub_layers))

    @property
    def kept(self) -> int:
        """How many sub-layers are kept."""
        return sum(choice.keep for choice in self.choices)

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back."""
        choices = [[choice.keep, str(choice.module) if choice.module else None, choice.bare] for choice in self.choices]
        patches = None if self.patches is None else asdict(self.patches)
        return {"choices": choices, "patches": patches, "classifier_token": self.classifier_token}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Architecture":
        """The architecture that `to_json` described.

        Raises:
            ValueError: the data does not describe one.
        """
        try:
            choices = tuple(
                Choice(bool(keep), ModuleSpec.parse(module) if module else None, bool(bare))
                for keep, module, bare in data["choices"]
            )
            patches = data["patches"]
            if patches is not None:
                patches = PatchKeep(**{**patches, "mode": PatchMode(patches["mode"])})
            return cls(choices, patches, bool(data["classifier_token"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not an architecture: expected 'choices' and 'patches', got {dict(data)!r}") from error
