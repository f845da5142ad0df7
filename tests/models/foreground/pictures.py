"""Pictures for tests."""

import numpy as np

from models.data.transforms import Geometry
from models.foreground.provider import Picture


def plain(name: str = "image", *, width: int = 48, height: int = 48, color: int = 100) -> Picture:
    """A picture of one grey, as large as its canvas."""
    pixels = np.full((height, width, 3), color, np.uint8)
    return Picture(name, pixels, Geometry(width, height, (1.0, 1.0)))
