"""UniAdapter (Lu et al., ICLR 2024): one down-projection for all modalities of a depth."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.architecture import SubLayerKind
from models.modules.base import Context, TrainableModule
from models.modules.linear import kaiming, linear
from models.modules.modality import spans
from models.modules.seat import Seat

SCALE = 0.1  # the published code's


class Narrow(nn.Module):
    """`ReLU(W_down LN(x) + b)`."""

    def __init__(self, width: int, size: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.down = linear(width, size, kaiming(generator))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, S, D) to (B, S, b)."""
        return F.relu(self.down(self.norm(tokens)))


class UniAdapter(TrainableModule):
    """`0.1 W_up ReLU(W_down LN(h))` with W_down shared by all stacks of a depth and one W_up for each modality.

    Cross-attention has a W_up of its own, also uses that of the stream's modality, and adds the adapted query as a
    residual: `W_up^m n(q) + (W_up^m + W_up^c) n(q + output)`, n the narrow representation. Published for a text stream
    with all sub-layers of a depth summed up in one adapter; that the image stream's cross-attention uses the image's
    W_up, that each sub-layer applies the shared adapter for itself, and that every W_up starts as zeros, without the
    norm after the cross branch, are our reduction to one interface.
    """

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        width, size = seat.width, seat.spec.size
        key = f"uniadapter-{seat.sub_layer.block}-{width}x{size}"

        def up(name: str) -> nn.Linear:
            return seat.shared.get(f"{key}-up-{name}", lambda _: linear(size, width, nn.init.zeros_))

        narrow = seat.shared.get(f"{key}-down", lambda generator: Narrow(width, size, generator=generator))
        cross = up("cross") if seat.sub_layer.kind is SubLayerKind.CROSS_ATTENTION else None
        self._shared = (narrow, {modality: up(modality) for modality in spans(seat.sub_layer.stack, 0, 0)}, cross)

    def borrowed(self) -> list[nn.Module]:
        """The down-projection and the up-projections that it uses."""
        narrow, ups, cross = self._shared
        return [narrow, *ups.values(), *([] if cross is None else [cross])]

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        """What to add to the residual stream, (B, S, D)."""
        narrow, ups, cross = self._shared
        query: Tensor = narrow(hidden)  # (B, S, b)
        if cross is None:
            parts = spans(context.stack, hidden.shape[1], context.text_tokens)
            return SCALE * torch.cat([ups[modality](query[:, span]) for modality, span in parts.items()], dim=1)
        (own,) = ups.values()
        met = query if output is None else narrow(hidden + output)
        update: Tensor = SCALE * (own(query) + own(met) + cross(met))
        return update
