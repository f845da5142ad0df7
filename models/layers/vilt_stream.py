"""The joint sequence of a ViLT between two sub-layers."""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.architecture import Architecture, Stack
from models.backbone import Images, Texts
from models.modules.base import Context, TrainableModule
from models.modules.mean_token import mean_token
from models.patch_filter import filter_patches, similarity_scores


@dataclass(frozen=True, slots=True)
class Stream:
    """The joint sequence between two sub-layers: text, the image's CLS, its patches."""

    tokens: Tensor  # (R, S, D)
    valid: Tensor | None  # (R, S); None where nothing is padding
    text_tokens: int

    @classmethod
    def of(cls, texts: Texts, images: Images) -> "Stream":
        """Each text with its image."""
        valid = images.valid
        if valid is None:
            valid = texts.valid.new_ones(images.tokens.shape[:2])
        tokens = torch.cat([texts.tokens, images.tokens], dim=1)
        return cls(tokens, torch.cat([texts.valid, valid], dim=1), texts.tokens.shape[1])

    @property
    def first_patch(self) -> int:
        """Place of the first patch."""
        return self.text_tokens + 1

    @property
    def mask(self) -> Tensor | None:
        """(R, 1, 1, S), False at padding."""
        return None if self.valid is None else self.valid[:, None, None]

    def context(self, module: TrainableModule) -> Context:
        """What a module may look at: what is padding and, if it reads them, the masked mean of each modality."""
        if not module.reads_summaries:
            return Context(Stack.JOINT, self.text_tokens, None, None, self.valid)
        text, image = self._mean(slice(0, self.text_tokens)), self._mean(slice(self.text_tokens, None))
        return Context(Stack.JOINT, self.text_tokens, text, image, self.valid)

    def _mean(self, part: slice) -> Tensor:
        """(R, 1, D)."""
        return mean_token(self.tokens[:, part], None if self.valid is None else self.valid[:, part])

    def filtered(self, scores: Tensor | None, architecture: Architecture, foreground: Tensor | None) -> "Stream":
        """The sequence with the patches that the architecture's filter lets through."""
        assert architecture.patches is not None  # noqa: S101 - the caller found the filter's place in it
        if scores is None:
            scores = similarity_scores(self.tokens, self.first_patch)
        tokens, valid = filter_patches(
            self.tokens,
            self.valid,
            keep=architecture.patches,
            scores=scores,
            foreground=foreground,
            first_patch=self.first_patch,
        )
        return Stream(tokens, valid, self.text_tokens)
