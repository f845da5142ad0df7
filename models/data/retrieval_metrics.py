"""Recall of retrieval from a full score matrix: TR@K finds texts for an image, IR@K finds the image for a text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

CUTOFFS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class RetrievalRecall:
    """Shares, 0 to 1, by K: of images with one of their texts among the K best, of texts with their image so."""

    text: Mapping[int, float]  # TR@K
    image: Mapping[int, float]  # IR@K


def retrieval_recall(scores: Tensor, image_of_text: Tensor, cutoffs: Sequence[int] = CUTOFFS) -> RetrievalRecall:
    """Recall of `scores` (images, texts), the higher the better; `image_of_text` (texts,) is each text's own row.

    A tie counts against the network: a wrong candidate with the same score stands before the right one. So the
    result depends on no order, and a network that gives every pair one score finds nothing.

    Raises:
        ValueError: shapes do not fit, a text's image is not a row, an image has no text, or a score is NaN.
    """
    _check(scores, image_of_text)
    own = image_of_text == torch.arange(len(scores), device=scores.device).unsqueeze(1)  # (images, texts) bool
    of_own = scores[image_of_text, torch.arange(scores.shape[1], device=scores.device)]  # (texts,)
    best_own = scores.masked_fill(~own, float("-inf")).amax(1)  # (images,)
    before_text = ((scores >= best_own.unsqueeze(1)) & ~own).sum(1)  # (images,) wrong texts
    before_image = ((scores >= of_own) & ~own).sum(0)  # (texts,) wrong images
    return RetrievalRecall(_recall(before_text, cutoffs), _recall(before_image, cutoffs))


def _recall(before: Tensor, cutoffs: Sequence[int]) -> dict[int, float]:
    """Share of queries with fewer than K wrong candidates before the right one."""
    return {cutoff: (before < cutoff).double().mean().item() for cutoff in cutoffs}


def _check(scores: Tensor, image_of_text: Tensor) -> None:
    if scores.ndim != 2 or image_of_text.shape != scores.shape[1:]:
        shapes = f"{tuple(scores.shape)} and {tuple(image_of_text.shape)}"
        raise ValueError(f"expected scores (images, texts) and the image of each text (texts,), got {shapes}")
    if scores.isnan().any():
        raise ValueError("scores hold NaN: a rank is not defined; the network diverged")
    rows = set(image_of_text.tolist())
    if wrong := sorted(rows ^ set(range(len(scores)))):
        raise ValueError(f"every one of {len(scores)} images needs a text, and every text one of them; not so: {wrong}")
