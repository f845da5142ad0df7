"""Which image patches go on: IPF, the image patch filter, and its ablations; training and inference use the same.

Double-Filter (ICML 2025) publishes the idea: split background from foreground, score both, keep the best of each. The
rule from boxes to patches, the score, the quotas and the budget are our design.
"""

import torch
from torch import Tensor

from models.architecture import PatchKeep, PatchMode

FOREGROUND = 0.5  # a patch belongs to the foreground when at least this share of its area is covered


def similarity_scores(tokens: Tensor, first_patch: int) -> Tensor:
    """How alike each patch is to token 0, where no self-attention has run yet (our design).

    Token 0 of ViLT's joint sequence is the text's; of METER's image encoder it is the image's CLS.

    Args:
        tokens: (B, S, D).
        first_patch: place of the first patch in the sequence.

    Returns:
        (B, N) cosine similarities.
    """
    return torch.cosine_similarity(tokens[:, :1], tokens[:, first_patch:], dim=-1)


def unscored(tokens: Tensor) -> Tensor:
    """Scores (B, N) of images (B, 1 + N, D) that no self-attention has seen: NaN."""
    return tokens.new_full((tokens.shape[0], tokens.shape[1] - 1), float("nan"))


def filter_patches(
    tokens: Tensor,
    valid: Tensor | None,
    *,
    keep: PatchKeep,
    scores: Tensor,
    foreground: Tensor | None,
    first_patch: int,
) -> tuple[Tensor, Tensor | None]:
    """The sequence with the chosen patches alone, in their original order.

    An image in a padded batch keeps the patches that it keeps alone: its budget comes from its own valid patches. The
    batch stays rectangular; shorter rows end with padding.

    Args:
        tokens: (B, S, D), the patches last.
        valid: (B, S) bool, False at padding; None where everything is valid.
        keep: how many and how.
        scores: (B, N), higher is kept first.
        foreground: (B, N), the covered share of each patch, 0 to 1; None where no provider looked.
        first_patch: S - N.

    Returns:
        tokens (B, first_patch + the largest budget, D) and their validity; still None where it was None.
    """
    real = torch.ones_like(scores, dtype=torch.bool) if valid is None else valid[:, first_patch:]
    chosen = choose_patches(real, keep=keep, scores=scores, foreground=foreground)  # (B, N)
    width = keep.count(scores.shape[1] if valid is None else int(real.sum(1).max()))
    order = (~chosen).sort(dim=1, stable=True).indices[:, :width]  # (B, width), the chosen ones first
    head = torch.arange(first_patch, device=tokens.device).expand(len(tokens), -1)
    index = torch.cat([head, first_patch + order], dim=1)
    kept = tokens.gather(1, index.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))
    return kept, None if valid is None else torch.cat([valid[:, :first_patch], chosen.gather(1, order)], dim=1)


def choose_patches(real: Tensor, *, keep: PatchKeep, scores: Tensor, foreground: Tensor | None) -> Tensor:
    """Which patches stay, (B, N) bool: k of each image, where k is `keep.count` of its real patches.

    - ipf: k_F = clamp(round(beta k), k - |B|, |F|) of the foreground F and the other k - k_F of the background B, the
      best of each by score, ties by index. An adaptive beta is the share of the scores' mass in F, where a negative
      score counts as 0, and the share of the patches in F if nothing scores above 0.
    - foreground-only: the same with beta = 1, so background fills up where the foreground is smaller than k.
    - score-only: the best k. Ipf and foreground-only fall back to it where `fallbacks` says so.
    - random: k in the order of a permutation that the number of real patches alone seeds: every image of that size
      keeps the same places, whatever batch it is in.

    Args:
        real: (B, N) bool, False at padding, which never stays.
        keep: how many and how; its `foreground` is beta, None for an adaptive one.
        scores: (B, N).
        foreground: (B, N), the covered share of each patch; None where no provider looked.
    """
    budget = _budgets(real, keep)  # (B,)
    if keep.mode is PatchMode.RANDOM:
        return _best(real, random_order(real), budget)
    if keep.mode is PatchMode.SCORE_ONLY or foreground is None:
        return _best(real, scores, budget)
    # where there is no split, everything counts as foreground, whose quota is then the whole budget
    front = torch.where(fallbacks(foreground, real).unsqueeze(1), real, _front(foreground, real))
    back = real & ~front
    beta = 1.0 if keep.mode is PatchMode.FOREGROUND_ONLY else keep.foreground
    wanted = _mass(scores, front, real) * budget if beta is None else beta * budget.double()
    quota = wanted.round().long().clamp(budget - back.sum(1), front.sum(1))
    return _best(front, scores, quota) | _best(back, scores, budget - quota)


def fallbacks(foreground: Tensor, real: Tensor) -> Tensor:
    """Which images, (B,) bool, have no split into foreground and background: every real patch is in the same one.

    `foreground` (B, N) is the covered share of each patch, `real` (B, N) bool False at padding.
    """
    front = _front(foreground, real)
    return ~front.any(1) | (front == real).all(1)


def _front(foreground: Tensor, real: Tensor) -> Tensor:
    return (foreground >= FOREGROUND) & real


def _budgets(real: Tensor, keep: PatchKeep) -> Tensor:
    """`keep.count` of the real patches of each row, (B,) int64, none for a row without any."""
    counts = real.sum(1)
    share = keep.ratio * counts.double()  # as Python rounds it: double, half to even
    return share.round().long().clamp(min=1).minimum(counts)


def _best(region: Tensor, scores: Tensor, count: Tensor) -> Tensor:
    """The `count` (B,) best of a region (B, N) by score, ties by index."""
    order = scores.sort(dim=1, descending=True, stable=True).indices
    inside = region.gather(1, order)
    within = inside & (inside.cumsum(1) <= count.unsqueeze(1))
    return torch.zeros_like(region).scatter(1, order, within)


def _mass(scores: Tensor, front: Tensor, real: Tensor) -> Tensor:
    """The share (B,) float64 of the positive scores of the real patches that lies in the front."""
    mass = scores.double().clamp(min=0) * real
    mass = torch.where(mass.any(1, keepdim=True), mass, real.double())
    return (mass * front).sum(1) / mass.sum(1).clamp(min=torch.finfo(mass.dtype).tiny)


def random_order(real: Tensor) -> Tensor:
    """Scores (B, N) that rank the real patches of each row at random; see `choose_patches`."""
    counts = real.sum(1)
    orders = {count: _permutation(count, real.shape[1]) for count in set(counts.tolist())}
    table = torch.stack([orders[count] for count in counts.tolist()]).to(real.device)
    return table.gather(1, (real.cumsum(1) - 1).clamp(min=0))


def _permutation(count: int, width: int) -> Tensor:
    order = torch.randperm(count, generator=torch.Generator().manual_seed(count))
    return torch.nn.functional.pad(order, (0, width - count))
