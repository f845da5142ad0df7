"""The foreground of a batch's images, as the patch filter takes it."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.batch import Batch
from models.data.transforms import Geometry
from models.foreground.provider import ForegroundError, ForegroundProvider, Grid, Picture


def batch_foreground(
    provider: ForegroundProvider,
    batch: Batch,
    *,
    patch_size: int,
    image_ids: Sequence[Sequence[str]],
    mean: Sequence[float] = (0.5, 0.5, 0.5),
    std: Sequence[float] = (0.5, 0.5, 0.5),
) -> Tensor:
    """What a provider covers, (B, I, N) float32, for `Batch.foreground`.

    The pictures are made of the batch's own pixels, so a provider of cached boxes must have them in canvas pixels.
    Where the images as stored are at hand, ask the provider with their own pictures and geometries.

    Args:
        provider: looks at the pictures.
        batch: B examples of I images.
        patch_size: of the backbone, in pixels.
        image_ids: (B, I) names of the images in the data set.
        mean: of each channel, that normalising subtracted.
        std: of each channel, that it divided by.

    Raises:
        ForegroundError: the provider cannot look at one of them, or they have other names than images.
    """
    examples, images, _, height, width = batch.pixel_values.shape
    grid = Grid(height // patch_size, width // patch_size, patch_size)
    canvases = _unnormalised(batch.pixel_values.flatten(0, 1), mean, std)
    masks = batch.pixel_mask.flatten(0, 1).cpu() if batch.pixel_mask is not None else [None] * len(canvases)
    if [len(several) for several in image_ids] != [images] * examples:
        raise ForegroundError(f"expected names of {examples} x {images} images, got those of {len(image_ids)} examples")
    names = [name for several in image_ids for name in several]
    pictures = [_picture(name, canvas, mask) for name, canvas, mask in zip(names, canvases, masks, strict=True)]
    return provider.coverage(pictures, grid).view(examples, images, -1).to(batch.pixel_values.device)


def _unnormalised(pixels: Tensor, mean: Sequence[float], std: Sequence[float]) -> NDArray[np.uint8]:
    """(B, 3, H, W) float to (B, H, W, 3) uint8."""
    levels = pixels.cpu().permute(0, 2, 3, 1) * torch.tensor(std) + torch.tensor(mean)
    colors: NDArray[np.uint8] = (levels * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return colors


def _picture(name: str, canvas: NDArray[np.uint8], mask: Tensor | None) -> Picture:
    """The valid part of a canvas; padding lies right of it and below."""
    height, width = canvas.shape[:2] if mask is None else (int(mask[:, 0].sum()), int(mask[0].sum()))
    return Picture(name, canvas[:height, :width], Geometry(width, height, (1.0, 1.0)))
