"""ViLT's embeddings of texts and images."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.vilt_config import ViltConfig


class TextEmbeddings(nn.Module):
    """Words, positions and types of the text, normalised (BERT)."""

    def __init__(self, config: ViltConfig) -> None:
        super().__init__()
        self.words = nn.Embedding(config.vocabulary, config.hidden_size)
        self.positions = nn.Embedding(config.max_text_length, config.hidden_size)
        self.types = nn.Embedding(config.token_types, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.text_norm_eps)

    def forward(self, input_ids: Tensor) -> Tensor:
        """(B, L) ids to (B, L, D).

        Raises:
            ValueError: the text is longer than there are positions.
        """
        length = input_ids.shape[1]
        if length > self.positions.num_embeddings:
            raise ValueError(f"a text has {length} tokens; the backbone has {self.positions.num_embeddings} positions")
        summed = self.words(input_ids) + self.positions.weight[:length] + self.types.weight[0]
        embedded: Tensor = self.norm(summed)
        return embedded


class ImageEmbeddings(nn.Module):
    """Patches by convolution, a CLS token, and positions stretched to each image's own grid."""

    def __init__(self, config: ViltConfig) -> None:
        super().__init__()
        self.grid = config.grid
        self.patch_size = config.patch_size
        self.cls = nn.Parameter(torch.zeros(1, 1, config.hidden_size))
        self.positions = nn.Parameter(torch.zeros(1, config.grid**2 + 1, config.hidden_size))
        self.patches = nn.Conv2d(3, config.hidden_size, config.patch_size, stride=config.patch_size)

    def forward(self, pixels: Tensor, pixel_mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(B, 3, H, W) pixels to (B, 1 + N, D), and which of these are no padding.

        Raises:
            ValueError: the image is smaller than a patch.
        """
        if min(pixels.shape[-2:]) < self.patch_size:
            size = f"{pixels.shape[-1]}x{pixels.shape[-2]}"
            raise ValueError(f"an image of {size} pixels is smaller than a patch of {self.patch_size}")
        maps = self.patches(pixels)  # (B, D, h, w)
        valid = None if pixel_mask is None else self._patch_mask(pixel_mask, maps.shape[-2:])
        patches = (maps + self._grid_positions(maps.shape[-2:], valid)).flatten(2).transpose(1, 2)  # (B, N, D)
        cls = (self.cls + self.positions[:, :1]).expand(len(pixels), -1, -1)
        if valid is not None:
            valid = F.pad(valid.flatten(1), (1, 0), value=True)
        return torch.cat([cls, patches], dim=1), valid

    def _patch_mask(self, pixel_mask: Tensor, size: Sequence[int]) -> Tensor:
        """A patch is valid where its first pixel is: (B, H, W) to (B, h, w)."""
        corners = pixel_mask[:, :: self.patch_size, :: self.patch_size]
        return corners[:, : size[0], : size[1]].bool()

    def _grid_positions(self, size: Sequence[int], valid: Tensor | None) -> Tensor:
        """Positions (1 or B, D, h, w): bilinear with aligned corners to the valid grid of each image."""
        height, width = size
        if valid is None:
            return self._stretch(height, width)
        tall, wide = valid[:, :, 0].sum(1).tolist(), valid[:, 0].sum(1).tolist()
        stretched = {(h, w): self._stretch(h, w)[0] for h, w in set(zip(tall, wide, strict=True))}
        return torch.stack(
            [F.pad(stretched[h, w], (0, width - w, 0, height - h)) for h, w in zip(tall, wide, strict=True)]
        )

    def _stretch(self, height: int, width: int) -> Tensor:
        grid = self.positions[:, 1:].transpose(1, 2).reshape(1, -1, self.grid, self.grid)  # (1, D, g, g)
        if (height, width) == (self.grid, self.grid):
            return grid
        stretched: Tensor = F.interpolate(grid, size=(height, width), mode="bilinear", align_corners=True)
        return stretched
