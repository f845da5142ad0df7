"""Bottleneck adapters with a routing function inside (arXiv 2403.09377)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.modules.base import Context, TrainableModule
from models.modules.linear import kaiming, linear
from models.modules.options import routing
from models.modules.routing import Router
from models.modules.seat import Seat


class RoutedBottleneck(nn.Module):
    """`W_up act(R(W_down y, W_down v))`, plus y with `residual`, as one of the two published adapters has it."""

    def __init__(
        self,
        width: int,
        size: int,
        *,
        generator: torch.Generator,
        activation: Callable[[Tensor], Tensor] = F.gelu,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.residual = residual
        self.down = linear(width, size, kaiming(generator))
        self.up = linear(size, width, nn.init.zeros_)

    def forward(self, hidden: Tensor, context: Context, router: Router) -> Tensor:
        """(B, S, D) to (B, S, D)."""
        narrow = router(self.down(hidden), self.down, context)  # (B, S, b)
        wide: Tensor = self.up(self.activation(narrow))
        return hidden + wide if self.residual else wide


class RoutingAdapter(TrainableModule):
    """An adapter after a sub-layer, reading what the sub-layer gives; in place of a dropped one, what enters it.

    The residual stream carries the residual, so it has none of its own. W_up starts as zeros, as LoRA's B does there.
    """

    reads_summaries = True

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        self.router = Router(*routing(seat.spec))
        self.adapter = RoutedBottleneck(seat.width, seat.spec.size, generator=seat.generator)

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        """What to add to the residual stream, (B, S, D)."""
        update: Tensor = self.adapter(hidden if output is None else output, context, self.router)
        return update
