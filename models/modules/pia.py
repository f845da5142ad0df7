"""EAS's information aggregation adapters (arXiv 2403.15226), which a following linear can take up."""

from torch import Tensor
from torch.nn import functional as F

from models.architecture import SubLayerKind
from models.costs.site import FED, reads_other
from models.modules.base import Context, TrainableModule
from models.modules.frozen_weights import FrozenWeights
from models.modules.grouped_up import GroupedUp
from models.modules.linear import linear, xavier
from models.modules.mean_token import mean_token
from models.modules.modality import Modality, spans
from models.modules.seat import Seat


class Pia(TrainableModule):
    """`z + B (C z + c) + d` in front of the linears that read a kept sub-layer's input z: no activation between.

    So each of them can take it up. Where an attention of a pre-norm network was dropped and leaves nothing, one beside
    the following FFN is EAS's replacement for it. As the published METER code has it: beside cross-attention only the
    query's input is adapted.
    """

    tokenwise = True

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        self.down = linear(seat.width, seat.spec.size, xavier(seat.generator))
        self.up = GroupedUp(seat.spec.size, seat.width)
        self.frozen = FrozenWeights(
            {
                name: weight
                for name, (weight, _) in seat.linears.items()
                if name in FED and not reads_other(seat.sub_layer, name)
            }
        )

    def delta(self, linear: str, hidden: Tensor, context: Context) -> Tensor | None:
        """`W (B (C z + c) + d)`, (B, S, out), of the frozen weight W of a linear that it feeds."""
        del context
        if linear not in self.frozen:
            return None
        widen, shift = self._through(self.frozen[linear])
        return F.linear(self.down(hidden), widen) + shift

    def merge(self, linear: str, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Weight and bias of a linear with the adapter in front of it in them."""
        if linear not in self.frozen:
            return weight, bias
        widen, shift = self._through(weight)
        return weight + widen @ self.down.weight, bias + shift[0] + widen @ self.down.bias

    def _through(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """`W B` (out, b) and `W d` (1, out)."""
        return weight @ self.up.dense, F.linear(self.up.bias[None], weight)


class AggregatingPia(TrainableModule):
    """`B (C h + mean A h') / 2` in place of a dropped attention, h' the tokens that it would have attended to.

    In cross-attention's place h' is the summary of the other stream (our reduction; published: all its tokens).
    """

    reads_summaries = True

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        self.crosses = seat.sub_layer.kind is SubLayerKind.CROSS_ATTENTION
        start = xavier(seat.generator)
        self.down = linear(seat.width, seat.spec.size, start)
        self.aggregate = linear(seat.width, seat.spec.size, start)
        self.up = GroupedUp(seat.spec.size, seat.width)

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        """What to add to the residual stream, (B, S, D)."""
        del output
        around = self.aggregate(self._around(hidden, context))  # (B, 1, b)
        update: Tensor = self.up((self.down(hidden) + around) / 2)
        return update

    def _around(self, hidden: Tensor, context: Context) -> Tensor:
        """(B, 1, D)."""
        if self.crosses:
            read = next(iter(spans(context.stack, 0, 0, other=True)))
            summary = context.text if read is Modality.TEXT else context.image
            if summary is not None:
                return summary.mean(1, keepdim=True)
        return mean_token(hidden, context.valid)
