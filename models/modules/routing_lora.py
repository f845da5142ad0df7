"""LoRA with a routing function inside (arXiv 2403.09377)."""

from torch import Tensor, nn

from models.costs.site import ROUTED, reads_other
from models.modules.base import Context, TrainableModule
from models.modules.low_rank import LowRank
from models.modules.options import RoutingFunction, routing
from models.modules.routing import Router
from models.modules.seat import Seat


class RoutingLora(TrainableModule):
    """`s B R(A h_t, A h_v)` added to query and value of an attention; A is shared, so there are no new parameters.

    Beside an FFN it adapts the first linear, the only one whose input is as wide as the summary (our design).
    """

    reads_summaries = True

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        self.router = Router(*routing(seat.spec))
        self.sub_layer = seat.sub_layer
        self.pairs = nn.ModuleDict(
            {
                name: LowRank(weight.shape[1], weight.shape[0], seat.spec.size, generator=seat.generator)
                for name, (weight, _) in seat.linears.items()
                if name in ROUTED
            }
        )

    def delta(self, linear: str, hidden: Tensor, context: Context) -> Tensor | None:
        """`s B R(A h_t, A h_v)`, (B, S, out), for the linears that it adapts."""
        if linear not in self.pairs:
            return None
        pair, other = self._pair(linear), reads_other(self.sub_layer, linear)
        return pair.widen(self.router(pair.narrow(hidden), pair.narrow, context, other=other))

    def merge(self, linear: str, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Weight and bias of a linear with `s B A` in it: all of `add` but `left`, which differs by example.

        Raises:
            ValueError: the function is another, and makes the weights differ by example.
        """
        if self.router.function is not RoutingFunction.ADD:
            raise ValueError(f"routing by '{self.router.function}' cannot be merged; only 'add' can")
        return (weight + self._pair(linear).weight, bias) if linear in self.pairs else (weight, bias)

    def left(self, linear: str, summary: Tensor) -> Tensor:
        """What merged `add` still adds to each routed token: `s B A h_v`, (B, 1, out), of a summary (B, V, D)."""
        shift: Tensor = self._pair(linear)(summary.mean(1, keepdim=True))
        return shift

    def _pair(self, linear: str) -> LowRank:
        pair = self.pairs[linear]
        assert isinstance(pair, LowRank)  # noqa: S101 - for the type alone
        return pair
