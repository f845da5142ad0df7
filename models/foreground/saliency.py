"""A foreground without weights: patches whose colors stand out from the picture's usual one.

Contrast to the picture's own color is Frequency-tuned Salient Region Detection (Achanta et al., CVPR 2009); the median
in place of the mean, RGB in place of Lab, no blur, and the threshold between patches by Otsu's method (IEEE Trans. SMC,
1979) are our design.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.foreground.provider import Grid, Picture


class Saliency:
    """Covers a patch whole or not at all (`models.foreground.provider.ForegroundProvider`)."""

    parameters = 0

    def macs(self, height: int, width: int) -> int:
        """0: it sorts, subtracts and sums pixels, and multiplies no matrices."""
        del height, width
        return 0

    def coverage(self, pictures: Sequence[Picture], grid: Grid) -> Tensor:
        """1 where a patch stands out, else 0, (B, N)."""
        return torch.from_numpy(np.stack([_standing_out(picture, grid) for picture in pictures])).float()


def _standing_out(picture: Picture, grid: Grid) -> NDArray[np.bool_]:
    pixels = picture.pixels.astype(np.float64)
    contrast = np.linalg.norm(pixels - np.median(pixels, axis=(0, 1)), axis=2)  # (H, W)
    columns, rows = (
        (np.arange(count + 1.0) * grid.patch_size - offset) / scale
        for count, offset, scale in zip(
            (grid.columns, grid.rows), picture.geometry.offset, picture.geometry.scale, strict=True
        )
    )
    summed = _summed(_summed(contrast, rows).T, columns).T.ravel()
    areas = _summed(_summed(np.ones_like(contrast), rows).T, columns).T.ravel()
    means = np.divide(summed, areas, out=np.zeros_like(summed), where=areas > 0)
    return (means >= _threshold(means[areas > 0])) & (areas > 0)


def _summed(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sums of rows (H, W) between neighbouring edges, (edges - 1, W): a row that is cut counts in part."""
    height = len(values)
    upto = np.concatenate([np.zeros_like(values[:1]), values.cumsum(0)])
    inside = edges.clip(0, height)
    whole = np.minimum(inside.astype(np.int64), height - 1)
    return np.diff(upto[whole] + (inside - whole)[:, None] * values[whole], axis=0)


def _threshold(means: NDArray[np.float64]) -> float:
    """The least value of the upper of the two classes that Otsu's method splits values into; infinite for one value."""
    ranked = np.sort(means)
    if len(ranked) < 2 or ranked[0] == ranked[-1]:
        return float("inf")
    lower = np.arange(1, len(ranked))
    upper, sums = len(ranked) - lower, ranked.cumsum()
    apart = (sums[-1] - sums[:-1]) / upper - sums[:-1] / lower
    return float(ranked[1:][(lower * upper * apart**2).argmax()])
