"""Visual Fourier prompt tuning (Zeng et al., NeurIPS 2024)."""

import torch
from torch import Tensor, nn

from models.modules.base import TrainableModule
from models.modules.options import fourier_prompts
from models.modules.seat import Seat


class FourierPrompts(TrainableModule):
    """Deep prompts, of which the first ones pass a Fourier transform over width and sequence; its real part stays.

    Published for a vision transformer whose prompts are tokens; here they are keys and values only, so the sequence
    keeps its length (our reduction). Xavier's start, as in visual prompt tuning, takes the number of prompts for the
    patch size.
    """

    tokenwise = True

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        tokens = torch.empty(seat.spec.size, seat.width)
        self.tokens = nn.Parameter(nn.init.xavier_uniform_(tokens, generator=seat.generator))
        self.transformed = fourier_prompts(seat.spec)

    def prompts(self) -> Tensor | None:
        """(P, D)."""
        if not self.transformed:
            return self.tokens
        fourier = torch.fft.fft2(self.tokens[: self.transformed]).real
        return torch.cat([fourier, self.tokens[self.transformed :]])
