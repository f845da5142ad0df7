"""What enters METER's encoders: RoBERTa's words with their positions, CLIP's patches with theirs."""

import torch
from torch import Tensor, nn

from models.meter_config import MeterConfig


class TextEmbeddings(nn.Module):
    """Words, positions and types of the text, normalised (RoBERTa)."""

    def __init__(self, config: MeterConfig) -> None:
        super().__init__()
        self.pad_id = config.pad_id
        self.longest = config.positions
        self.words = nn.Embedding(config.vocabulary, config.language_width)
        self.positions = nn.Embedding(config.max_positions, config.language_width)
        self.types = nn.Embedding(config.token_types, config.language_width)
        self.norm = nn.LayerNorm(config.language_width, eps=config.language_norm_eps)

    def forward(self, input_ids: Tensor) -> Tensor:
        """(R, L) ids to (R, L, D). Positions count the tokens that are no padding, from pad_id + 1 on.

        Raises:
            ValueError: the text is longer than there are positions.
        """
        length = input_ids.shape[1]
        if length > self.longest:
            raise ValueError(f"a text has {length} tokens; the backbone has positions for {self.longest}")
        used = (input_ids != self.pad_id).long()
        places = used.cumsum(1) * used + self.pad_id
        summed = self.words(input_ids) + self.positions(places) + self.types.weight[0]
        embedded: Tensor = self.norm(summed)
        return embedded


class ImageEmbeddings(nn.Module):
    """Patches by convolution behind a CLS token, with positions, normalised (CLIP's `ln_pre`)."""

    def __init__(self, config: MeterConfig) -> None:
        super().__init__()
        self.image_size = config.image_size
        self.cls = nn.Parameter(torch.zeros(config.vision_width))
        self.positions = nn.Parameter(torch.zeros(config.grid**2 + 1, config.vision_width))
        self.patches = nn.Conv2d(3, config.vision_width, config.patch_size, stride=config.patch_size, bias=False)
        self.norm = nn.LayerNorm(config.vision_width, eps=config.vision_norm_eps)

    def forward(self, pixels: Tensor) -> Tensor:
        """(R, 3, H, W) pixels to (R, 1 + N, D).

        Raises:
            ValueError: the images have another size than the position embedding is for.
        """
        size = self.image_size
        if tuple(pixels.shape[-2:]) != (size, size):
            given = f"{pixels.shape[-1]}x{pixels.shape[-2]}"
            raise ValueError(f"this METER reads images of {size}x{size} pixels, not {given}: load it with image_size")
        patches = self.patches(pixels).flatten(2).transpose(1, 2)  # (R, N, D)
        cls = self.cls.expand(len(patches), 1, -1)
        embedded: Tensor = self.norm(torch.cat([cls, patches], dim=1) + self.positions)
        return embedded
