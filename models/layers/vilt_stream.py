"""The joint sequence of a ViLT between two sub-layers."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.architecture import PatchKeep, Stack
from models.backbone import Images, Texts
from models.modules.base import Addition, Context
from models.modules.mean_token import mean_token
from models.patch_filter import filter_patches, similarity_scores, unscored


@dataclass(frozen=True, slots=True)
class Stream:
    """The joint sequence between two sub-layers: text, the image's CLS, its patches.

    `patches` is the filter that is still ahead; for it come along the scores (R, N) of the last self-attention that
    ran, NaN where none did, and the foreground (R, N), None where no provider looked.
    """

    tokens: Tensor  # (R, S, D)
    valid: Tensor | None  # (R, S); None where nothing is padding
    text_tokens: int
    patches: PatchKeep | None = None
    scores: Tensor | None = None
    foreground: Tensor | None = None

    @classmethod
    def of(cls, texts: Texts, images: Images, patches: PatchKeep | None = None) -> "Stream":
        """Each text with its image."""
        valid = images.valid
        if valid is None:
            valid = texts.valid.new_ones(images.tokens.shape[:2])
        stream = cls(
            torch.cat([texts.tokens, images.tokens], dim=1),
            torch.cat([texts.valid, valid], dim=1),
            texts.tokens.shape[1],
        )
        if patches is None:
            return stream
        return replace(stream, patches=patches, scores=unscored(images.tokens), foreground=images.foreground)

    @property
    def first(self) -> "Stream":
        """Text token 0 alone."""
        return Stream(self.tokens[:, :1].contiguous(), None, 1)

    @property
    def first_patch(self) -> int:
        """Place of the first patch."""
        return self.text_tokens + 1

    @property
    def mask(self) -> Tensor | None:
        """(R, 1, 1, S), False at padding."""
        return None if self.valid is None else self.valid[:, None, None]

    def context(self, module: Addition) -> Context:
        """What a module may look at: what is padding and, if it reads them, the masked mean of each modality."""
        if not module.reads_summaries:
            return Context(Stack.JOINT, self.text_tokens, None, None, self.valid)
        text, image = self._mean(slice(0, self.text_tokens)), self._mean(slice(self.text_tokens, None))
        return Context(Stack.JOINT, self.text_tokens, text, image, self.valid)

    def _mean(self, part: slice) -> Tensor:
        """(R, 1, D)."""
        return mean_token(self.tokens[:, part], None if self.valid is None else self.valid[:, part])

    def filtered(self, keep: PatchKeep, scores: Tensor) -> "Stream":
        """The sequence with the patches that the filter lets through; no filter is ahead any more."""
        first = self.first_patch
        tokens, valid = filter_patches(
            self.tokens,
            self.valid,
            keep=keep,
            scores=torch.where(scores.isnan(), similarity_scores(self.tokens, first), scores),
            foreground=self.foreground,
            first_patch=first,
        )
        return Stream(tokens, valid, self.text_tokens)
