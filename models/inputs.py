"""A batch as a backbone reads it: every text and image once, then paired row by row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from models.backbone import Backbone, Images, Texts
from models.batch import Batch


@dataclass(frozen=True, slots=True)
class Prefix:
    """How many blocks of each encoder are frozen for every candidate and can run ahead; None: all of them."""

    text: int | None = None
    image: int | None = None


NOTHING = Prefix(0, 0)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Rows of texts and images that belong together, the passes of an example next to each other."""

    texts: Texts
    images: Images
    passes: int

    def picked(self, passes: Tensor) -> "Inputs":
        """Of each of B examples the passes (B, K) int64 alone, in that order."""
        first = torch.arange(len(passes), device=passes.device).unsqueeze(1) * self.passes
        rows = (first + passes).flatten()
        return Inputs(self.texts.rows(rows), self.images.rows(rows), passes.shape[1])


@dataclass(frozen=True, slots=True)
class Read:
    """B examples read by a backbone: B x T texts and B x I images, of which T or I is 1.

    An example with T texts has T passes on its one image; one with I images has I passes with its one text.
    """

    texts: Texts
    images: Images
    texts_each: int
    images_each: int

    @property
    def passes(self) -> int:
        """How often the rest of the network runs for one example."""
        return max(self.texts_each, self.images_each)

    def __len__(self) -> int:
        return len(self.texts.tokens) // self.texts_each

    @property
    def nbytes(self) -> int:
        """Bytes of the token tensors, which are nearly all of it."""
        return self.texts.tokens.nbytes + self.images.tokens.nbytes

    def inputs(self, index: Tensor) -> Inputs:
        """The examples at `index` as paired rows."""
        passes = torch.arange(self.passes, device=index.device)
        texts, images = (
            (index[:, None] * each + (passes if each > 1 else torch.zeros_like(passes))).flatten()
            for each in (self.texts_each, self.images_each)
        )
        return Inputs(self.texts.rows(texts), self.images.rows(images), self.passes)

    def all(self) -> Inputs:
        """Every example."""
        return self.inputs(torch.arange(len(self), device=self.texts.tokens.device))


def read_batch(backbone: Backbone, batch: Batch, prefix: Prefix = NOTHING) -> Read:
    """Every text and image of a batch, each read once.

    Raises:
        ValueError: several texts meet several images; no task of ours does that.
    """
    texts, images = batch.input_ids.shape[1], batch.pixel_values.shape[1]
    if texts > 1 and images > 1:
        raise ValueError(f"an example has {texts} texts and {images} images; one of the two must be 1")
    read = backbone.read_texts(batch.input_ids.flatten(0, 1), batch.attention_mask.flatten(0, 1), blocks=prefix.text)
    each = [_read_image(backbone, batch, image, prefix) for image in range(images)]
    return Read(read, each[0] if images == 1 else interleaved(each), texts, images)


def _read_image(backbone: Backbone, batch: Batch, image: int, prefix: Prefix) -> Images:
    return backbone.read_images(
        batch.pixel_values[:, image],
        None if batch.pixel_mask is None else batch.pixel_mask[:, image],
        modality=image + 1,
        foreground=None if batch.foreground is None else batch.foreground[:, image],
        blocks=prefix.image,
    )


def interleaved(parts: list[Images]) -> Images:
    """First images, second images, ... of B examples as B x I rows, those of an example next to each other."""
    joined = concatenated(parts)
    rows, count = len(joined.modality), len(parts)
    return joined.rows(torch.arange(rows, device=joined.modality.device).view(count, -1).t().flatten())


def concatenated(parts: Sequence[Images]) -> Images:
    """Images of several calls of one backbone as one; those with fewer patches end with padding."""
    longest = max(part.tokens.shape[1] for part in parts)
    even = [_padded(part, longest) for part in parts]
    all_valid = all(part.valid is None for part in even)

    def joined(tensors: list[Tensor | None]) -> Tensor | None:
        held = [tensor for tensor in tensors if tensor is not None]
        return torch.cat(held) if len(held) == len(tensors) else None

    return Images(
        torch.cat([part.tokens for part in even]),
        None if all_valid else torch.cat([_validity(part) for part in even]),
        torch.cat([part.modality for part in even]),
        joined([part.foreground for part in even]),
        parts[0].blocks,
        joined([part.scores for part in even]),
    )


def _padded(images: Images, length: int) -> Images:
    """With padding up to `length` tokens."""
    if (missing := length - images.tokens.shape[1]) == 0:
        return images
    return replace(
        images,
        tokens=F.pad(images.tokens, (0, 0, 0, missing)),
        valid=F.pad(_validity(images), (0, missing)),
        foreground=None if images.foreground is None else F.pad(images.foreground, (0, missing)),
        scores=None if images.scores is None else F.pad(images.scores, (0, missing)),
    )


def _validity(images: Images) -> Tensor:
    """(R, 1 + N) bool."""
    if images.valid is not None:
        return images.valid
    return torch.ones(images.tokens.shape[:2], dtype=torch.bool, device=images.tokens.device)
