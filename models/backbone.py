"""What every backbone is to the rest: it reads texts and images apart, then runs an architecture on their pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from torch import Tensor, nn

from models.architecture import Architecture
from models.backbone_config import BackboneConfig
from models.modules.base import TrainableModule


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


class ModuleSet(Protocol):
    """The trainable modules of one architecture."""

    @property
    def classifier_token(self) -> Tensor | None:
        """(D,), the trained token in place of the projected text's first one; None where there is none."""

    def at(self, place: int) -> TrainableModule | None:
        """The module of the sub-layer at `place`, or None."""


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
