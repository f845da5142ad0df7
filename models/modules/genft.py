"""GenFT (Xu, Zhang and Ng, ICANN 2026): a change of weights, generated from the frozen weights."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.costs.site import ADAPTED
from models.modules.base import Context, TrainableModule
from models.modules.frozen_weights import FrozenWeights
from models.modules.linear import kaiming, linear
from models.modules.seat import Seat


class Transform(nn.Module):
    """`GELU(X A) B` of a matrix X (..., w) with r columns in A."""

    def __init__(self, width: int, rank: int, *, generator: torch.Generator, zero: bool) -> None:
        super().__init__()
        self.down = linear(width, rank, kaiming(generator), bias=False)
        self.up = linear(rank, width, nn.init.zeros_ if zero else kaiming(generator), bias=False)

    def forward(self, matrix: Tensor) -> Tensor:
        """In its shape."""
        changed: Tensor = self.up(F.gelu(self.down(matrix)))
        return changed


class Own(nn.Module):
    """What one frozen linear has for itself: a transform of rows and one of columns."""

    def __init__(self, weight: Tensor, rank: int, *, generator: torch.Generator) -> None:
        super().__init__()
        outputs, inputs = weight.shape
        self.rows = Transform(inputs, rank, generator=generator, zero=False)
        self.columns = Transform(outputs, rank, generator=generator, zero=True)


class GenFt(TrainableModule):
    """`R = T_row(W), dW = T_col(R')'`, each T a transform shared by all linears of that width plus an own one.

    The published transforms concatenate shared and own columns of A and rows of B, which is this sum. Shared and own
    parts of the same rank, no biases, GELU between, any shape of W (the code: square), and a start without effect
    (the second B as zeros) are our choices.
    """

    tokenwise = True

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        rank = seat.spec.size
        weights = {name: weight for name, (weight, _) in seat.linears.items() if name in ADAPTED}
        self.frozen = FrozenWeights(weights)
        self.own = nn.ModuleDict({n: Own(weight, rank, generator=seat.generator) for n, weight in weights.items()})

        def shared(width: int, name: str) -> Transform:
            zero = name == "columns"
            key = f"genft-{width}x{rank}-{name}"
            return seat.shared.get(key, lambda generator: Transform(width, rank, generator=generator, zero=zero))

        self._shared = {
            name: (shared(weight.shape[1], "rows"), shared(weight.shape[0], "columns"))
            for name, weight in weights.items()
        }

    def borrowed(self) -> list[nn.Module]:
        """The transforms of its linears' widths, each once."""
        return list(dict.fromkeys(part for pair in self._shared.values() for part in pair))

    def delta(self, linear: str, hidden: Tensor, context: Context) -> Tensor | None:
        """`dW h`, (B, S, out), for the linears that it adapts."""
        del context
        if linear not in self.own:
            return None
        return F.linear(hidden, self._change(linear, self.frozen[linear]))

    def merge(self, linear: str, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Weight and bias of a linear with `dW` in it."""
        return (weight + self._change(linear, weight), bias) if linear in self.own else (weight, bias)

    def _change(self, linear: str, weight: Tensor) -> Tensor:
        """(out, in)."""
        own, (rows, columns) = self.own[linear], self._shared[linear]
        assert isinstance(own, Own)  # noqa: S101 - for the type alone
        mixed = (rows(weight) + own.rows(weight)).T  # (in, out)
        change: Tensor = (columns(mixed) + own.columns(mixed)).T
        return change
