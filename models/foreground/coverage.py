"""How much of each patch boxes cover: the area of their union inside it, exactly, by coordinate compression."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.data.transforms import Geometry
from models.foreground.provider import Box, BoxSource, Grid, Picture

CONFIDENCE = 0.25  # boxes below it are not looked at


@dataclass(frozen=True, slots=True)
class BoxForeground:
    """A foreground provider out of boxes."""

    source: BoxSource

    @property
    def parameters(self) -> int:
        """How many numbers the source holds."""
        return self.source.parameters

    def macs(self, height: int, width: int) -> int:
        """MACs of the source for one picture; covering the patches takes no matrix product."""
        return self.source.macs(height, width)

    def coverage(self, pictures: Sequence[Picture], grid: Grid) -> Tensor:
        """The covered share of each patch, (B, N)."""
        covered = [box_coverage(self.source.boxes(picture), picture.geometry, grid) for picture in pictures]
        return torch.from_numpy(np.stack(covered)).float()


def box_coverage(boxes: Sequence[Box], geometry: Geometry, grid: Grid) -> NDArray[np.float64]:
    """The share of each patch, (N,), that the union of the boxes covers; unsure boxes and padding do not count.

    The lines through all edges of boxes and patches cut the canvas into cells that are covered whole or not at all, so
    nothing is sampled: where edges are multiples of a power of two, such as whole pixels, no digit is rounded.
    """
    sides = [(geometry.width, grid.columns), (geometry.height, grid.rows)]
    edges = np.array([[box.left, box.top, box.right, box.bottom] for box in boxes if box.confidence >= CONFIDENCE])
    edges = edges.reshape(-1, 2, 2) * geometry.scale + geometry.offset  # (boxes, corners, axes) on the canvas
    edges = edges.clip(0.0, [min(side, count * grid.patch_size) for side, count in sides])
    across, down = (
        _cut(edges[:, :, axis], np.arange(count + 1.0) * grid.patch_size) for axis, (_, count) in enumerate(sides)
    )
    starts = np.zeros((len(down.lines), len(across.lines)))  # +1 where a box begins, -1 where it has ended
    for corner_down, corner_across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        sign = 1.0 if corner_down == corner_across else -1.0
        np.add.at(starts, (down.places[:, corner_down], across.places[:, corner_across]), sign)
    covered = starts.cumsum(0).cumsum(1)[:-1, :-1] > 0  # (cells down, cells across)
    areas = covered * np.outer(np.diff(down.lines), np.diff(across.lines))
    patches = np.add.reduceat(np.add.reduceat(areas, down.firsts, axis=0), across.firsts, axis=1)
    share: NDArray[np.float64] = patches.ravel() / grid.patch_size**2
    return share


@dataclass(frozen=True, slots=True)
class _Cut:
    """One axis of the canvas, cut at `lines`: the lines of each box's two edges, and the first line of each patch."""

    lines: NDArray[np.float64]
    places: NDArray[np.int64]  # (boxes, 2)
    firsts: NDArray[np.int64]


def _cut(edges: NDArray[np.float64], patches: NDArray[np.float64]) -> _Cut:
    lines = np.unique(np.concatenate([patches, edges.ravel()]))
    return _Cut(lines, np.searchsorted(lines, edges), np.searchsorted(lines, patches[:-1]))
