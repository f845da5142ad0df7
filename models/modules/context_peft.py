"""Context-PEFT (arXiv 2312.08900): what a token gets depends on its modality."""

import torch
from torch import Tensor, nn

from models.costs.site import ADAPTED, BIASED, reads_other
from models.modules.base import Context, TrainableModule
from models.modules.low_rank import LowRank
from models.modules.modality import spans
from models.modules.options import ContextForm, context_form
from models.modules.seat import Seat


class Bias(nn.Module):
    """A bias that starts as zeros."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, S, in) to (B, S, out)."""
        return self.bias.repeat(*hidden.shape[:-1], 1)


class ContextPeft(TrainableModule):
    """A low-rank pair, or a bias, for each modality that a frozen linear reads.

    Pairs for the linears that LoRA adapts, biases for all but keys (our choice). Where a linear reads one modality
    only, a pair is plain LoRA.
    """

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        self.sub_layer = seat.sub_layer
        bias = context_form(seat.spec) is ContextForm.BIAS

        def part(weight: Tensor) -> nn.Module:
            outputs, inputs = weight.shape
            return Bias(outputs) if bias else LowRank(inputs, outputs, seat.spec.size, generator=seat.generator)

        self.parts = nn.ModuleDict(
            {
                name: nn.ModuleDict({str(modality): part(weight) for modality in self._spans(name, 0, 0)})
                for name, (weight, _) in seat.linears.items()
                if name in (BIASED if bias else ADAPTED)
            }
        )

    def delta(self, linear: str, hidden: Tensor, context: Context) -> Tensor | None:
        """What each token's own modality adds, (B, S, out), for the linears that it adapts."""
        if linear not in self.parts:
            return None
        found = self._spans(linear, hidden.shape[1], context.text_tokens)
        return torch.cat([self._part(linear, name)(hidden[:, span]) for name, span in found.items()], dim=1)

    def _spans(self, linear: str, tokens: int, text_tokens: int) -> dict[str, slice]:
        other = reads_other(self.sub_layer, linear)
        found = spans(self.sub_layer.stack, tokens, text_tokens, other=other)
        return {str(modality): span for modality, span in found.items()}

    def _part(self, linear: str, modality: str) -> nn.Module:
        return self.get_submodule(f"parts.{linear}.{modality}")
