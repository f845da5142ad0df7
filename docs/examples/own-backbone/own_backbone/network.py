"""`QuickVilt`: a ViLT whose FFNs have QuickGELU, `x * sigmoid(1.702 x)`, as CLIP (Radford et al., ICML 2021) does."""

import torch
from torch import Tensor

from models.architecture import Architecture
from models.layers.vilt_layers import FeedForward
from models.modules.beside import Beside, shifted
from models.vilt import Vilt
from models.vilt_config import ViltConfig


class QuickFeedForward(FeedForward):
    """An FFN with the norm in front of it; `shifted` is where modules such as LoRA add to a linear layer."""

    def forward(self, tokens: Tensor, beside: Beside | None = None) -> Tensor:
        """The update to add to `tokens` (B, S, D)."""
        normed = self.norm(tokens)
        wide = shifted("up", self.up(normed), normed, beside)
        quick = wide * torch.sigmoid(1.702 * wide)
        return shifted("down", self.down(quick), quick, beside)


class QuickVilt(Vilt):
    """Called with the config and, for a slim model, the architecture that it keeps."""

    def __init__(self, config: ViltConfig, slim: Architecture | None = None) -> None:
        super().__init__(config, slim)
        for index in range(config.blocks):
            if self.block(index).ffn is not None:
                self.block(index).ffn = QuickFeedForward(config)
