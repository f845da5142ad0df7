"""MULTIFLOW's masks: a magnitude threshold per modality sets each layer's sparsity, flow scores pick the weights."""

from collections.abc import Mapping

import torch
from torch import Tensor


def layer_sparsities(weights: Mapping[str, Tensor], sparsity: float) -> dict[str, float]:
    """The share of each layer that goes, for the layers of one modality (Farina et al., CVPR 2024, eq. 7).

    A layer loses its weights whose magnitude is at most the k-th smallest of all its modality, k = int(numel *
    sparsity).

    Raises:
        ValueError: `sparsity` is no share, or there is no layer.
    """
    if not 0.0 <= sparsity <= 1.0:
        raise ValueError(f"a sparsity lies in [0, 1], not {sparsity}")
    if not weights:
        raise ValueError("a modality has at least one layer; none was given")
    magnitudes = torch.cat([weight.abs().flatten() for weight in weights.values()])
    kept = {
        name: _above(weight.abs(), magnitudes, int(magnitudes.numel() * sparsity)) for name, weight in weights.items()
    }
    return {name: 1 - int(mask.sum()) / mask.numel() for name, mask in kept.items()}


def dropped(layer_sparsity: float, numel: int) -> int:
    """How many weights of a layer the published code drops; rounding can make it one less than the share says."""
    return int(layer_sparsity * numel)


def flow_mask(scores: Tensor, layer_sparsity: float) -> Tensor:
    """(out, in) bool, False at the weights of the lowest scores; those that tie with the last one go too (eq. 8)."""
    return _above(scores, scores.flatten(), dropped(layer_sparsity, scores.numel()))


def _above(values: Tensor, all_values: Tensor, k: int) -> Tensor:
    """Which of `values` exceed the k-th smallest of `all_values` (numel,); all of them for k = 0."""
    if k < 1:
        return torch.ones_like(values, dtype=torch.bool)
    return values > all_values.kthvalue(k).values
