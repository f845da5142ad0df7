"""Bottleneck adapters."""

from torch import Tensor, nn
from torch.nn import functional as F

from models.modules.base import Context, TrainableModule
from models.modules.linear import behind_norm, linear, normal
from models.modules.seat import Seat


class Bottleneck(TrainableModule):
    """`W_up ReLU(W_down LN(h) + b_d) + b_u` with a norm of its own (DAS, NeurIPS 2023, section 3)."""

    stacks = True
    tokenwise = True

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        width, size, start = seat.width, seat.spec.size, normal(seat.generator)
        self.norm = nn.LayerNorm(width)
        self.down = linear(width, size, start)
        self.up = linear(size, width, start)

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        """What to add to the residual stream, from the sub-layer's input (B, S, D)."""
        del output, context
        narrow = F.relu(behind_norm(self.norm, self.down, hidden))  # (B, S, b)
        update: Tensor = self.up(narrow)
        return update
