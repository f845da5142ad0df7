"""An up-projection in two groups, as RepAdapter has it."""

import torch
from torch import Tensor, nn

GROUPS = 2


class GroupedUp(nn.Module):
    """Each half of a bottleneck gives one half of the width; zeros at the start (LaVIN's and EAS's code)."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(GROUPS, width // GROUPS, size // GROUPS))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, narrow: Tensor) -> Tensor:
        """(B, S, b) to (B, S, D)."""
        halves = narrow.unflatten(-1, (GROUPS, -1))  # (B, S, 2, b/2)
        wide = torch.einsum("bsgi,goi->bsgo", halves, self.weight)
        return wide.flatten(-2) + self.bias

    @property
    def dense(self) -> Tensor:
        """The same weight as one matrix, (D, b)."""
        dense: Tensor = torch.block_diag(*self.weight)
        return dense
