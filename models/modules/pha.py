"""Prototype-based hyper-adapters (Zhao et al., EMNLP 2023): a hypernetwork makes each place's adapter."""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.modules.base import Context, TrainableModule
from models.modules.linear import Start, kaiming, linear
from models.modules.options import PHA_EMBEDDING as EMBEDDING
from models.modules.options import PHA_HIDDEN as HIDDEN
from models.modules.seat import Seat


class Hypernetwork(nn.Module):
    """From (task prototype, layer embedding) to the weights of a bottleneck adapter of width D and size b."""

    def __init__(self, width: int, size: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.shape = (size, width)
        self.prototype = nn.Parameter(torch.randn(EMBEDDING, generator=generator))
        self.first = linear(2 * EMBEDDING, HIDDEN, kaiming(generator))
        self.second = linear(HIDDEN, EMBEDDING, kaiming(generator))
        self.norm = nn.LayerNorm(EMBEDDING, eps=1e-6)
        self.down = linear(EMBEDDING, size * width, _tiny(width, generator))
        self.up = linear(EMBEDDING, width * size, _tiny(size, generator))
        self.down_bias = linear(EMBEDDING, size, _tiny(1, generator))
        self.up_bias = linear(EMBEDDING, width, _tiny(1, generator))

    def forward(self, layer: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weight and bias of the down-projection (b, D), (b,) and of the up-projection (D, b), (D,)."""
        size, width = self.shape
        code = torch.cat([self.prototype, layer])[None]  # (1, 2E)
        code = self.norm(self.second(F.relu(self.first(code))))  # (1, E)
        down, up = self.down(code).view(size, width), self.up(code).view(width, size)
        return down, self.down_bias(code)[0], up, self.up_bias(code)[0]


def _tiny(inputs: int, generator: torch.Generator) -> Start:
    """The published start, near zero effect: by the fan-in of the weights that come out."""
    bound = 1e-3 * (3 / (EMBEDDING * inputs)) ** 0.5
    return partial(nn.init.uniform_, a=-bound, b=bound, generator=generator)


class HyperAdapter(TrainableModule):
    """`W_up ReLU(W_down h + b_d) + b_u` with weights from a hypernetwork that all places of a width share.

    The published method learns prototypes of many tasks by retrieval; a search has one task, so ours is one trained
    vector (our reduction). The weights depend on no input, yet are made anew in every forward call.
    """

    tokenwise = True

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        width, size = seat.width, seat.spec.size
        self.layer = nn.Parameter(torch.randn(EMBEDDING, generator=seat.generator))
        key = f"pha-{width}x{size}"
        self._shared = (seat.shared.get(key, lambda generator: Hypernetwork(width, size, generator=generator)),)

    def borrowed(self) -> tuple[nn.Module, ...]:
        """The hypernetwork."""
        return self._shared

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        """What to add to the residual stream, from the sub-layer's input (B, S, D)."""
        del output, context
        down, down_bias, up, up_bias = self._shared[0](self.layer)
        return F.linear(F.relu(F.linear(hidden, down, down_bias)), up, up_bias)
