"""What makes METER's pooled features."""

import torch
from torch import Tensor, nn


class Pooler(nn.Module):
    """`tanh(W h + b)` of token 0 of each stream, side by side."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.text = nn.Linear(width, width)
        self.image = nn.Linear(width, width)

    def forward(self, text: Tensor, image: Tensor) -> Tensor:
        """(R, L, D) and (R, 1 + N, D) to (R, 2 D)."""
        return torch.tanh(torch.cat([self.text(text[:, 0]), self.image(image[:, 0])], dim=-1))
