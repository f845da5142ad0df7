"""Which image patches go on: the ones the text attends to most."""

import torch
from torch import Tensor


def similarity_scores(tokens: Tensor, first_patch: int) -> Tensor:
    """How alike each patch is to text token 0, where no self-attention has run yet (our design).

    Args:
        tokens: (B, S, D).
        first_patch: place of the first patch in the sequence.

    Returns:
        (B, N) cosine similarities.
    """
    return torch.cosine_similarity(tokens[:, :1], tokens[:, first_patch:], dim=-1)


def keep_patches(
    tokens: Tensor, valid: Tensor | None, *, scores: Tensor, first_patch: int, count: int
) -> tuple[Tensor, Tensor | None]:
    """The sequence with the `count` best patches alone, in their original order; ties go to the lower index.

    This is the score-only filter, an ablation of IPF: no foreground, no quotas.

    Args:
        tokens: (B, S, D), the patches last.
        valid: (B, S), False at padding; None where everything is valid.
        scores: (B, N), higher is kept first; padding never comes before a valid patch.
        first_patch: S - N.
        count: patches that stay, the same for each row.

    Returns:
        tokens (B, first_patch + count, D) and their validity.
    """
    if valid is not None:
        scores = scores.masked_fill(~valid[:, first_patch:], float("-inf"))
    best = scores.sort(dim=-1, descending=True, stable=True).indices[:, :count]
    order = best.sort(dim=-1).values + first_patch  # (B, count)
    head = torch.arange(first_patch, device=tokens.device).expand(len(tokens), -1)
    index = torch.cat([head, order], dim=1)
    kept = tokens.gather(1, index.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))
    return kept, None if valid is None else valid.gather(1, index)
