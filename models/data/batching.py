"""Examples side by side in one batch."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from models.batch import Batch
from models.data.errors import BadExampleError
from models.data.example_reader import Example

Collated = tuple[Batch | None, list[BadExampleError]]
"""A batch of what could be read, None where nothing could, and why the rest could not."""


def collate(examples: Sequence[Example | BadExampleError]) -> Collated:
    """One batch; a smaller one where some examples could not be read."""
    errors = [example for example in examples if isinstance(example, BadExampleError)]
    good = [example for example in examples if isinstance(example, Example)]
    return (batch_of(good) if good else None), errors


def batch_of(examples: Sequence[Example]) -> Batch:
    """The batch of `examples`: smaller images are padded with zeros at the right and at the bottom, as ViLT does."""
    pixels, mask = _canvas([example.pixels for example in examples])
    return Batch(
        torch.stack([example.input_ids for example in examples]),
        torch.stack([example.attention_mask for example in examples]),
        pixels,
        mask,
        torch.stack([example.target for example in examples]),
        _foreground([example.foreground for example in examples]),
    )


def _canvas(images: Sequence[Sequence[Tensor]]) -> tuple[Tensor, Tensor | None]:
    """(B, I, 3, H, W) with the largest height and width, and which pixels are valid; None where all are."""
    sizes = [image.shape[1:] for several in images for image in several]
    height, width = (max(size[side] for size in sizes) for side in (0, 1))
    pixels = torch.zeros(len(images), len(images[0]), 3, height, width)
    mask = torch.zeros(len(images), len(images[0]), height, width, dtype=torch.bool)
    for row, several in enumerate(images):
        for place, image in enumerate(several):
            pixels[row, place, :, : image.shape[1], : image.shape[2]] = image
            mask[row, place, : image.shape[1], : image.shape[2]] = True
    return pixels, None if len(set(sizes)) == 1 else mask


def _foreground(covered: Sequence[Sequence[Tensor]]) -> Tensor | None:
    """(B, I, N) over the patches of the largest canvas, padding uncovered; None where nobody looked."""
    if not all(covered):
        return None
    grids = [grid.shape for several in covered for grid in several]
    rows, columns = (max(grid[side] for grid in grids) for side in (0, 1))
    padded = [
        [F.pad(grid, (0, columns - grid.shape[1], 0, rows - grid.shape[0])) for grid in several] for several in covered
    ]
    return torch.stack([torch.stack(several).flatten(1) for several in padded])
