"""What says which patches show something: the contract of a foreground provider, and what it is asked with.

Whoever prepares a batch asks; the answer travels with the images (`Batch.foreground`) to the patch filter.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.data.transforms import Geometry


class ForegroundError(ValueError):
    """A foreground provider that cannot be used, or cannot say anything of an image."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where something is, in pixels of the picture, with a confidence from 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float
    confidence: float = 1.0

    def __post_init__(self) -> None:
        edges = (self.left, self.top, self.right, self.bottom)
        if not all(map(math.isfinite, edges)) or self.left > self.right or self.top > self.bottom:
            raise ForegroundError(f"a box has left <= right and top <= bottom, all finite, not {edges}")
        if not 0.0 <= self.confidence <= 1.0:
            raise ForegroundError(f"a box's confidence lies in [0, 1], not {self.confidence}")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image by its name in the data set: (height, width, 3) uint8 RGB, and where it lies on the network's canvas."""

    image_id: str
    pixels: NDArray[np.uint8]
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Grid:
    """The patches of the canvas, N = rows x columns in raster order; `patch_size` in pixels of the canvas."""

    rows: int
    columns: int
    patch_size: int


class BoxSource(Protocol):
    """Finds boxes; what it costs counts for whoever uses them."""

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""

    def macs(self, height: int, width: int) -> int:
        """MACs for one picture of this size in pixels, in matrix products and convolutions."""

    def boxes(self, picture: Picture) -> Sequence[Box]:
        """Its boxes in a picture, none where it finds nothing.

        Raises:
            ForegroundError: it cannot look at this picture.
        """


class ForegroundProvider(Protocol):
    """Covers patches; what it costs is part of every total in which it is used."""

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""

    def macs(self, height: int, width: int) -> int:
        """MACs for one picture of this size in pixels, in matrix products and convolutions."""

    def coverage(self, pictures: Sequence[Picture], grid: Grid) -> Tensor:
        """The covered share of each patch, (B, N) float32, 0 to 1; of one picture independently of the others.

        Raises:
            ForegroundError: it cannot look at one of them.
        """
