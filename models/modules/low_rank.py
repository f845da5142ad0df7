"""A low-rank change of a frozen linear."""

import torch
from torch import Tensor, nn

from models.modules.linear import kaiming, linear


class LowRank(nn.Module):
    """`s B A` with A as in LoRA and B zeros at the start; s = alpha / r is 1, as with alpha = r."""

    def __init__(self, inputs: int, outputs: int, rank: int, *, generator: torch.Generator, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.down = linear(inputs, rank, kaiming(generator), bias=False)
        self.up = linear(rank, outputs, nn.init.zeros_, bias=False)

    def narrow(self, hidden: Tensor) -> Tensor:
        """(..., in) to (..., r)."""
        narrow: Tensor = self.down(hidden)
        return narrow

    def widen(self, narrow: Tensor) -> Tensor:
        """(..., r) to (..., out)."""
        wide: Tensor = self.up(narrow)
        return wide * self.scale

    def forward(self, hidden: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        return self.widen(self.narrow(hidden))

    @property
    def weight(self) -> Tensor:
        """The change of the frozen weight, (out, in)."""
        return self.scale * self.up.weight @ self.down.weight
