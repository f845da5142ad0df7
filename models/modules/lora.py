"""LoRA (Hu et al., ICLR 2022)."""

from torch import Tensor, nn

from models.costs.site import ADAPTED
from models.modules.base import Context, TrainableModule
from models.modules.low_rank import LowRank
from models.modules.seat import Seat


class Lora(TrainableModule):
    """A low-rank change of query and value of an attention (the paper, section 4.2), of both linears of an FFN.

    Not `peft`'s: that wraps the linears of one model, whereas here the sets of many candidates share one frozen
    backbone and add to what its linears give.
    """

    stacks = True
    tokenwise = True

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        self.pairs = nn.ModuleDict(
            {
                name: LowRank(weight.shape[1], weight.shape[0], seat.spec.size, generator=seat.generator)
                for name, (weight, _) in seat.linears.items()
                if name in ADAPTED
            }
        )

    def delta(self, linear: str, hidden: Tensor, context: Context) -> Tensor | None:
        """`B A h`, (B, S, out), for the linears that it adapts."""
        del context
        return self.pairs[linear](hidden) if linear in self.pairs else None

    def merge(self, linear: str, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Weight and bias of a linear with `B A` in it."""
        if linear not in self.pairs:
            return weight, bias
        pair = self.pairs[linear]
        assert isinstance(pair, LowRank)  # noqa: S101 - for the type alone
        return weight + pair.weight, bias
