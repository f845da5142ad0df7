"""What every backbone is to the rest: it reads texts and images apart, then runs an architecture on their pairs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeVar

from torch import Tensor, nn

from models.architecture import Architecture, Choice
from models.backbone_config import BackboneConfig
from models.modules.base import Addition, TrainableModule

State = TypeVar("State")
"""What a backbone carries from one sub-layer to the next: rows, which `models.rows` joins and splits."""
Sight = TypeVar("Sight", bound="Narrowing")
"""What of it one sub-layer reads and changes, rows as well."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts as far as they are read without an image: (R, L, D) tokens and (R, L) bool, False at padding.

    `blocks` says how many blocks of a text encoder have run on them.
    """

    tokens: Tensor
    valid: Tensor
    blocks: int = 0

    def rows(self, index: Tensor) -> "Texts":
        """The texts at `index`, in its order; one may come several times."""
        return replace(self, tokens=self.tokens[index], valid=self.valid[index])


@dataclass(frozen=True, slots=True)
class Images:
    """Images as far as they are read without a text: (R, 1 + N, D) tokens, CLS first, patches in raster order.

    `valid` is (R, 1 + N) bool, None where nothing is padding; `modality` (R,) int64 is 1, or 2 for the second image of
    NLVR2; `foreground` (R, N) is the covered share of each patch, None where no provider looked; `blocks` says how
    many blocks of an image encoder have run on them, and `scores` (R, N) are the patch scores of the last of these.
    """

    tokens: Tensor
    valid: Tensor | None
    modality: Tensor
    foreground: Tensor | None = None
    blocks: int = 0
    scores: Tensor | None = None

    def rows(self, index: Tensor) -> "Images":
        """The images at `index`, in its order; one may come several times."""
        return Images(
            self.tokens[index],
            None if self.valid is None else self.valid[index],
            self.modality[index],
            None if self.foreground is None else self.foreground[index],
            self.blocks,
            None if self.scores is None else self.scores[index],
        )


@dataclass(frozen=True, slots=True)
class Features:
    """What leaves the network: text (R, L, D), image (R, 1 + patches, D), pooled (R, P)."""

    text: Tensor
    image: Tensor
    pooled: Tensor


@dataclass(frozen=True, slots=True)
class Output:
    """What a frozen sub-layer gives: its addend to the residual stream (R, S, D), and patch scores (R, N) if asked."""

    tokens: Tensor
    scores: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done at one place.

    `scored` asks a self-attention for patch scores; `output` is what the frozen sub-layer gives, where that is known;
    `first` asks a self-attention for the first token alone, which still attends to all.
    """

    choice: Choice
    module: Addition | None = None
    scored: bool = False
    output: Output | None = None
    first: bool = False


class ModuleSet(Protocol):
    """The trainable modules of one architecture."""

    @property
    def classifier_token(self) -> Tensor | None:
        """(D,), the trained token in place of the projected text's first one; None where there is none."""

    def at(self, place: int) -> TrainableModule | None:
        """The module of the sub-layer at `place`, or None."""


class Narrowing(Protocol):
    """What a sub-layer sees."""

    @property
    def first(self) -> Self:
        """The same with the first token of its own sequence alone."""


class Machine(Protocol[State, Sight]):
    """A backbone one sub-layer at a time; its forward call is no more than these in their order."""

    def places(self, texts: Texts, images: Images) -> Sequence[int]:
        """The places that have not run on these texts and images yet, as they follow each other."""

    def begin(self, texts: Texts, images: Images, *architectures: Architecture) -> State:
        """Row r of the texts with row r of the images, for architectures with the same patch filter or none.

        Raises:
            ValueError: an architecture does not fit the backbone, or what has already run.
        """

    def enter(self, state: State, place: int) -> State:
        """What happens in front of `place`, such as the patch filter; the same state where nothing does."""

    def mark(self, state: State, place: int, token: Tensor) -> State:
        """The classifier token (D,) put in, where `place` is the first one behind it; else the same state."""

    def sight(self, state: State, place: int, choice: Choice) -> Sight:
        """What of the state is read and changed at `place`."""

    def put(self, state: State, place: int, sight: Sight) -> State:
        """The state with what the sub-layer at `place` has changed."""

    def scorer(self, architecture: Architecture) -> int | None:
        """The place of the self-attention that scores patches for the filter: the last one that is kept before it."""

    def lasts(self, architecture: Architecture, tokenwise: Collection[int]) -> frozenset[int]:
        """Places behind which only the first token of their own sequence still matters to the pooled features.

        `tokenwise` are the places whose module, if any, mixes no tokens.
        """

    def output(self, sight: Sight, place: int, *, scored: bool = False, first: bool = False) -> Output:
        """What the frozen sub-layer alone gives, by `Step`'s rules."""

    def advance(self, sight: Sight, place: int, step: Step) -> Sight:
        """What is seen behind `place`; the same where nothing stands there.

        Raises:
            ValueError: the module in a dropped sub-layer's place adds nothing.
        """

    def first(self, state: State) -> State:
        """The first token of each sequence alone: all that the pooled features need."""

    def pooled(self, state: State, pooler: Callable[..., Tensor]) -> Tensor:
        """The pooled features (R, P) at the end."""

    def finish(self, state: State, pooler: Callable[..., Tensor]) -> Features:
        """All features at the end."""


class Backbone(Protocol):
    """A frozen vision-language network whose forward call takes the architecture as an argument."""

    pooler: nn.Module

    @property
    def config(self) -> BackboneConfig:
        """Its sizes."""

    def read_texts(self, input_ids: Tensor, attention_mask: Tensor, *, blocks: int | None = None) -> Texts:
        """Ids and mask (R, L) through the first `blocks` blocks of the text encoder, if there is one (None: all)."""

    def read_images(
        self,
        pixels: Tensor,
        pixel_mask: Tensor | None = None,
        *,
        modality: int = 1,
        foreground: Tensor | None = None,
        blocks: int | None = None,
    ) -> Images:
        """Pixels (R, 3, H, W) through the first `blocks` blocks of the image encoder, if there is one (None: all)."""

    def sub_layer(self, place: int) -> nn.Module:
        """The frozen sub-layer at `place`: the module that is called for it and no other.

        Raises:
            ValueError: this slim backbone does not hold it.
        """

    def bodies(self) -> Sequence[nn.Module]:
        """What adds to the residual stream in each sub-layer it holds: attention or FFN without a norm after it.

        A forward call of one gives the addend, or the addend and patch scores.
        """

    def linears(self, place: int) -> Mapping[str, tuple[Tensor, Tensor]]:
        """Weight (out, in) and bias (out,) of each frozen linear of a sub-layer, by the names modules know."""

    def __call__(
        self,
        texts: Texts,
        images: Images,
        architecture: Architecture,
        modules: ModuleSet | None = None,
        pooler: nn.Module | None = None,
    ) -> Features:
        """Row r of the texts with row r of the images: the sub-layers that `architecture` keeps, each with its module.

        Raises:
            ValueError: the architecture is for another number of sub-layers, or keeps one that a slim model lacks.
        """
