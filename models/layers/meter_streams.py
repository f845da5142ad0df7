"""The two streams of a METER between two sub-layers, and what a sub-layer sees of them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.architecture import PatchKeep, Stack
from models.backbone import Images, Texts
from models.modules.base import Context
from models.patch_filter import filter_patches, similarity_scores, unscored

MASKED = -10_000.0  # what the original adds to the attention logits of padding
FIRST_PATCH = 1  # behind the image's CLS


@dataclass(frozen=True, slots=True)
class Stream:
    """Tokens (B, S, D) of one modality and which are no padding, (B, S) bool; None where nothing is.

    `mask` is what is added to attention logits on them, (B, 1, 1, S) or None.
    """

    tokens: Tensor
    valid: Tensor | None
    mask: Tensor | None

    @classmethod
    def of(cls, tokens: Tensor, valid: Tensor | None) -> "Stream":
        """The stream of tokens of which `valid` (B, S) bool says which are no padding."""
        mask = None if valid is None else torch.where(valid, 0.0, MASKED).to(tokens.dtype)[:, None, None]
        return cls(tokens, valid, mask)

    @property
    def first(self) -> "Stream":
        """Token 0 alone."""
        return Stream(self.tokens[:, :1].contiguous(), None, None)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a sub-layer sees: its own stream and, in the fusion encoder, the other as it entered the layer.

    `scores` (R, N) are there while a patch filter is ahead, NaN as long as no self-attention has run.
    """

    own: Stream
    other: Stream | None = None
    scores: Tensor | None = None

    @property
    def first(self) -> "Sight":
        """Token 0 alone of its own stream."""
        return replace(self, own=self.own.first)

    def context(self, stack: Stack) -> Context:
        """Token 0 of the stream as it enters the sub-layer, and of the other as it enters the layer; padding."""
        own, other = self.own, self.other
        near, far = own.tokens[:, :1], None if other is None else other.tokens[:, :1]
        text, image = (near, far) if stack in (Stack.TEXT, Stack.LANGUAGE) else (far, near)
        return Context(stack, 0, text, image, own.valid, None if other is None else other.valid)


@dataclass(frozen=True, slots=True)
class Pair:
    """Both streams. `entered_text` and `entered_image` are those that entered the fusion layer.

    `patches` is the filter that is still ahead; the scores (R, N) for it come along, NaN as long as no self-attention
    has run, and the foreground (R, N), None where no provider looked.
    """

    text: Stream
    image: Stream
    modality: Tensor  # (R,)
    patches: PatchKeep | None = None
    scores: Tensor | None = None
    foreground: Tensor | None = None
    entered_text: Stream | None = None
    entered_image: Stream | None = None

    @classmethod
    def of(cls, texts: Texts, images: Images, patches: PatchKeep | None) -> "Pair":
        """Each text with its image, as far as the encoders have read them."""
        text, image = Stream.of(texts.tokens, texts.valid), Stream.of(images.tokens, images.valid)
        if patches is None:
            return cls(text, image, images.modality)
        scores = unscored(images.tokens) if images.scores is None else images.scores
        return cls(text, image, images.modality, patches, scores, images.foreground)

    def sight(self, stack: Stack) -> Sight:
        """What the sub-layers of a stack see."""
        if stack is Stack.VISION:
            return Sight(self.image, None, self.scores)
        if stack is Stack.LANGUAGE:
            return Sight(self.text)
        return Sight(self.text, self.entered_image) if stack is Stack.TEXT else Sight(self.image, self.entered_text)

    def after(self, stack: Stack, sight: Sight) -> "Pair":
        """What a sub-layer of a stack has seen and changed, put in."""
        if stack is Stack.VISION:
            return replace(self, image=sight.own, scores=sight.scores)
        return (
            replace(self, text=sight.own) if stack in (Stack.TEXT, Stack.LANGUAGE) else replace(self, image=sight.own)
        )

    @property
    def entering(self) -> "Pair":
        """The pair as it enters a fusion layer: both streams read it so, whichever runs first."""
        return replace(self, entered_text=self.text, entered_image=self.image)

    @property
    def filtered(self) -> "Pair":
        """With the patches that the filter lets through; none is ahead any more."""
        if self.patches is None or self.scores is None:
            return self
        tokens, valid = filter_patches(
            self.image.tokens,
            self.image.valid,
            keep=self.patches,
            scores=torch.where(self.scores.isnan(), similarity_scores(self.image.tokens, FIRST_PATCH), self.scores),
            foreground=self.foreground,
            first_patch=FIRST_PATCH,
        )
        return Pair(self.text, Stream.of(tokens, valid), self.modality)
