"""Looking at pictures while they are read: what a foreground provider covers, and how long it takes."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.data.transforms import Geometry
from models.foreground.boxes_file import CachedBoxes
from models.foreground.coverage import BoxForeground
from models.foreground.provider import ForegroundProvider, Grid, Picture
from models.measure import Latency


def covered(provider: ForegroundProvider, picture: Picture, patch_size: int) -> Tensor:
    """The covered share of each patch of a picture's own canvas, (rows, columns).

    Raises:
        ForegroundError: the provider cannot look at it.
    """
    grid = Grid(picture.geometry.height // patch_size, picture.geometry.width // patch_size, patch_size)
    return provider.coverage([picture], grid).view(grid.rows, grid.columns)


@dataclass(slots=True)
class Look:
    """Asks a provider about each picture once, by its id, and remembers the answer."""

    provider: ForegroundProvider
    patch_size: int
    clock: Callable[[], float] = time.perf_counter
    _known: dict[str, Tensor] = field(default_factory=dict)
    _milliseconds: list[float] = field(default_factory=list)

    def __call__(self, image_id: str, pixels: NDArray[np.uint8], geometry: Geometry) -> Tensor:
        """The covered share of each patch of the canvas, (rows, columns); `pixels` (H, W, 3) are the picture's own.

        Raises:
            ForegroundError: the provider cannot look at it.
        """
        if image_id not in self._known:
            start = self.clock()
            self._known[image_id] = covered(self.provider, Picture(image_id, pixels, geometry), self.patch_size)
            self._milliseconds.append(1e3 * (self.clock() - start))
        return self._known[image_id]

    @property
    def latency(self) -> Latency | None:
        """Of one picture, over all that were looked at; of cached boxes what their file says, None if nothing.

        Raises:
            ValueError: none was.
        """
        if isinstance(self.provider, BoxForeground) and isinstance(self.provider.source, CachedBoxes):
            took = self.provider.source.milliseconds
            return None if took is None else Latency(took, took, 1)
        times = self._milliseconds
        if not times:
            raise ValueError("no picture was looked at, so nobody knows how long it takes")
        deciles = statistics.quantiles(times * 2, n=10, method="inclusive")  # twice: one picture is enough
        return Latency(statistics.median(times), deciles[-1], len(times))
