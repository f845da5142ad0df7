"""Bottleneck adapters, and the set of them that one architecture carries."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.architecture import Architecture

INIT_STD = 0.02


class Adapter(nn.Module):
    """`W_up ReLU(W_down LN(h) + b_d) + b_u`; the caller adds it to its input (DAS, NeurIPS 2023, section 3)."""

    def __init__(self, hidden_size: int, bottleneck: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden_size)
        self.down = nn.Linear(hidden_size, bottleneck)
        self.up = nn.Linear(bottleneck, hidden_size)
        for linear in (self.down, self.up):
            nn.init.normal_(linear.weight, std=INIT_STD, generator=generator)
            nn.init.zeros_(linear.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """What to add to `hidden` (..., D), in its shape."""
        narrow = F.relu(self.down(self.norm(hidden)))  # (..., b)
        update: Tensor = self.up(narrow)
        return update


class Adapters(nn.Module):
    """The adapters of one architecture, by the place of their sub-layer. Drawn from the caller's generator."""

    def __init__(self, hidden_size: int, architecture: Architecture, *, generator: torch.Generator) -> None:
        super().__init__()
        self.by_place = nn.ModuleDict(
            {
                str(place): Adapter(hidden_size, choice.bottleneck, generator=generator)
                for place, choice in enumerate(architecture.choices)
                if choice.bottleneck
            }
        )

    def at(self, place: int) -> nn.Module | None:
        """The adapter of the sub-layer at `place`, or None."""
        key = str(place)
        return self.by_place[key] if key in self.by_place else None  # noqa: SIM401 - a ModuleDict has no get
