"""What each patch of an image shows: dense targets that teach a network to see before it learns to answer."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.shapes.scene import IMAGE_SIZE, Color, Scene, Shape, Size

PATCH_SIZE = 8  # pixels
GRID = IMAGE_SIZE // PATCH_SIZE
PATCHES = GRID * GRID
REACH = 0.8  # of its radius: a patch shows a thing when it comes this close to the thing's centre
SHAPES, COLORS, SIZES = (list(kind) for kind in (Shape, Color, Size))


@dataclass(frozen=True, slots=True)
class PatchTargets:
    """For each patch in raster order, (PATCHES,) int64: 0 where no thing is, else 1 + its place in the enum.

    `subject` is 1 on the things that a text asks of, 0 elsewhere.
    """

    shape: NDArray[np.int64]
    color: NDArray[np.int64]
    size: NDArray[np.int64]
    subject: NDArray[np.int64]


def patch_targets(scene: Scene, subjects: Collection[int]) -> PatchTargets:
    """The targets of a scene for a text about `subjects`, places of its things."""
    rows = [
        (1 + SHAPES.index(thing.shape), 1 + COLORS.index(thing.color), 1 + SIZES.index(thing.size), place in subjects)
        for place, thing in enumerate(scene.things)
    ]
    table = np.array([*rows, (0, 0, 0, 0)])
    shape, color, size, subject = table[_owners(scene)].T  # -1, no thing, takes the last row
    return PatchTargets(shape, color, size, subject)


def _owners(scene: Scene) -> NDArray[np.int64]:
    """The place of the thing nearest to each patch for its size, -1 where none is in reach."""
    corners = np.arange(GRID) * float(PATCH_SIZE)
    x, y = (np.array([getattr(thing, axis) for thing in scene.things])[:, None] for axis in "xy")
    radius = np.array([thing.radius for thing in scene.things])[:, None, None]
    across = np.maximum(0.0, np.maximum(corners - x, x - corners - PATCH_SIZE))  # (things, GRID)
    down = np.maximum(0.0, np.maximum(corners - y, y - corners - PATCH_SIZE))
    distance = np.hypot(down[:, :, None], across[:, None, :]) / radius  # (things, GRID, GRID)
    nearest = np.where(distance.min(0) < REACH, distance.argmin(0), -1)
    flat: NDArray[np.int64] = nearest.reshape(-1)
    return flat
