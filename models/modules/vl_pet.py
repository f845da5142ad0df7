"""VL-PET (Hu et al., ICCV 2023): an adapter under a gate of one of four granularities."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.modules.base import Context, TrainableModule
from models.modules.linear import kaiming, linear
from models.modules.mean_token import mean_token
from models.modules.options import Granularity, granularity
from models.modules.seat import Seat

gelu = partial(F.gelu, approximate="tanh")


class FullGate(nn.Module):
    """(B, N, D): a low-rank network of what enters, as wide as the adapter."""

    def __init__(self, width: int, size: int, generator: torch.Generator) -> None:
        super().__init__()
        self.down = linear(width, size, kaiming(generator))
        self.up = linear(size, width, kaiming(generator))

    def forward(self, entered: Tensor, left: Tensor, valid: Tensor | None) -> Tensor:
        """Of what enters the sub-layer and what leaves it with the adapter, (B, N, D) each."""
        del left, valid
        return torch.sigmoid(self.up(gelu(self.down(entered))))


class RowGate(nn.Module):
    """(B, N, 1): a linear of the sum of what enters and leaves."""

    def __init__(self, width: int, size: int, generator: torch.Generator) -> None:
        super().__init__()
        del size
        self.gate = linear(width, 1, kaiming(generator))

    def forward(self, entered: Tensor, left: Tensor, valid: Tensor | None) -> Tensor:
        """Of what enters the sub-layer and what leaves it with the adapter, (B, N, D) each."""
        del valid
        return torch.sigmoid(self.gate(entered + left))


class ColumnGate(nn.Module):
    """(D,): one plus a trained vector."""

    def __init__(self, width: int, size: int, generator: torch.Generator) -> None:
        super().__init__()
        del size
        self.gate = nn.Parameter(nn.init.normal_(torch.empty(width), std=0.02, generator=generator))

    def forward(self, entered: Tensor, left: Tensor, valid: Tensor | None) -> Tensor:
        """Whatever enters and leaves."""
        del entered, left, valid
        return 1 + self.gate


class ScalarGate(nn.Module):
    """(B, 1, 1): the mean over tokens of a linear of what enters next to what leaves."""

    def __init__(self, width: int, size: int, generator: torch.Generator) -> None:
        super().__init__()
        del size
        self.gate = linear(2 * width, 1, kaiming(generator))

    def forward(self, entered: Tensor, left: Tensor, valid: Tensor | None) -> Tensor:
        """Of what enters the sub-layer and what leaves it with the adapter, (B, N, D) each."""
        return mean_token(torch.sigmoid(self.gate(torch.cat([entered, left], dim=-1))), valid)


GATES: Mapping[Granularity, Callable[[int, int, torch.Generator], nn.Module]] = {
    Granularity.FULL: FullGate,
    Granularity.ROW: RowGate,
    Granularity.COLUMN: ColumnGate,
    Granularity.SCALAR: ScalarGate,
}


class VlPet(TrainableModule):
    """`G * W_up GELU(W_down y)` of the sub-layer's output y, or of its input where it was dropped.

    The gates are those of the published code. There they also scale y itself; here only the change, so that a frozen
    sub-layer counts in full and W_up, zeros at the start, gives a start without effect (our reduction).
    """

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        width, size = seat.width, seat.spec.size
        self.down = linear(width, size, kaiming(seat.generator))
        self.up = linear(size, width, nn.init.zeros_)
        self.gate = GATES[granularity(seat.spec)](width, size, seat.generator)

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        """What to add to the residual stream, (B, S, D)."""
        base = hidden if output is None else output
        change: Tensor = self.up(gelu(self.down(base)))
        gate: Tensor = self.gate(hidden, base + change, context.valid)  # (N, D) or a side of 1
        return gate * change
