"""MULTIFLOW's score of a Linear: how much of what flows through it each weight carries (Farina et al., CVPR 2024)."""

import torch
from torch import Tensor

from models.precision import in_float32


class MeanSquareInputs:
    """The mean-square input of a Linear, summed batch by batch: over all tokens that are no padding, per sample."""

    def __init__(self) -> None:
        self.samples = 0
        self._sum: Tensor | None = None

    def add(self, inputs: Tensor, valid: Tensor | None = None) -> None:
        """Add a batch.

        Args:
            inputs: (B, S, in), what enters the Linear.
            valid: (B, S) bool, False at padding, which does not count; None where nothing is padding.
        """
        tokens = inputs.flatten(0, -2) if valid is None else inputs[valid]  # (tokens, in)
        summed = tokens.detach().float().square().sum(0, dtype=torch.float64)
        self._sum = summed if self._sum is None else self._sum + summed
        self.samples += len(inputs)

    @property
    def value(self) -> Tensor:
        """(in,) float32: the sum of squares over tokens, divided by the number of samples (not of tokens).

        Raises:
            ValueError: no batch was added.
        """
        if self._sum is None:
            raise ValueError("no inputs were added; run the calibration examples first")
        return (self._sum / self.samples).float()


def flow_scores(weight: Tensor, mean_square: Tensor) -> Tensor:
    """The score of each weight, (out, in): its magnitude times what its output and its input carry (eq. 6)."""
    outputs, inputs = _importances(weight, mean_square)
    return torch.outer(outputs, inputs) * weight.abs()


def mean_flow_score(weight: Tensor, mean_square: Tensor) -> float:
    """The mean of `flow_scores` without the (out, in) product of importances; the mean of a layer is our design."""
    outputs, inputs = _importances(weight, mean_square)
    with in_float32(weight.device):
        return float(outputs @ weight.abs() @ inputs) / weight.numel()


def _importances(weight: Tensor, mean_square: Tensor) -> tuple[Tensor, Tensor]:
    """The mean flow of each output (out,) and of each input (in,), |W| weighted by the inputs' norms."""
    flow = weight.abs() * mean_square.sqrt()  # (out, in)
    return flow.mean(1), flow.mean(0)
