"""The mixture-of-modality adapter of LaVIN (NeurIPS 2023)."""

import torch
from torch import Tensor, nn

from models.modules.base import Context, TrainableModule
from models.modules.grouped_up import GroupedUp
from models.modules.linear import linear, normal, xavier
from models.modules.seat import Seat

TEMPERATURE = 10.0


class MixtureOfModalities(TrainableModule):
    """`w_0 B A x + w_1 D A x` with `w = softmax(Linear(x_0) / 10)` of the first token.

    As in LaVIN's code, with its scale of 1 and without its dropout; there x is the normed input of the sub-layer,
    here what enters the norm, and the result joins the residual stream (our reduction to one interface).
    """

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        width, size = seat.width, seat.spec.size
        self.down = linear(width, size, xavier(seat.generator))
        self.ups = nn.ModuleList(GroupedUp(size, width) for _ in range(2))
        self.router = linear(width, 2, normal(seat.generator))

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        """What to add to the residual stream, from the sub-layer's input (B, S, D)."""
        del output, context
        weights = (self.router(hidden[:, :1]) / TEMPERATURE).softmax(-1)  # (B, 1, 2)
        narrow = self.down(hidden)  # (B, S, b)
        updates = [up(narrow) * weights[..., i, None] for i, up in enumerate(self.ups)]
        return torch.stack(updates).sum(0)
