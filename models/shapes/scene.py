"""A scene of the embedded world: a few things over clutter, drawn from a generator that the caller owns."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random

IMAGE_SIZE = 48  # pixels along each side
THING_COUNTS = (2, 3, 4, 5)
CELLS = 3  # along each side; a thing has one to itself
CELL_SIZE = IMAGE_SIZE // CELLS  # pixels
PALETTE = (2, 3, 4)  # how many shapes, and how many colors, one scene draws its things from


class Shape(StrEnum):
    """What a thing is."""

    CIRCLE = "circle"
    SQUARE = "square"
    TRIANGLE = "triangle"
    DIAMOND = "diamond"
    STAR = "star"
    CROSS = "cross"


class Color(StrEnum):
    """How a thing is painted."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    PURPLE = "purple"
    ORANGE = "orange"
    CYAN = "cyan"
    WHITE = "white"


class Size(StrEnum):
    """How large a thing is; `RADIUS` has the pixels."""

    SMALL = "small"
    LARGE = "large"


RADIUS: Mapping[Size, float] = {Size.SMALL: 4.8, Size.LARGE: 7.2}  # pixels, of the circle around the thing


@dataclass(frozen=True, slots=True)
class Thing:
    """One object; `x` and `y` are its centre in pixels from the left and from the top."""

    shape: Shape
    color: Color
    size: Size
    x: float
    y: float

    @property
    def radius(self) -> float:
        """Pixels from the centre to the outermost point."""
        return RADIUS[self.size]


@dataclass(frozen=True, slots=True)
class Scene:
    """What an image shows: the things, which never touch, and the seed of the clutter behind them."""

    things: tuple[Thing, ...]
    clutter: int


def sample_scene(rng: Random) -> Scene:
    """A scene of 2 to 5 things; every color and every shape is as likely as any other."""
    shapes = rng.sample(list(Shape), rng.choice(PALETTE))
    colors = rng.sample(list(Color), rng.choice(PALETTE))
    cells = rng.sample(range(CELLS * CELLS), rng.choice(THING_COUNTS))
    things = tuple(_thing(rng, rng.choice(shapes), rng.choice(colors), cell) for cell in cells)
    return Scene(things, rng.getrandbits(32))


def _thing(rng: Random, shape: Shape, color: Color, cell: int) -> Thing:
    """A thing of any size anywhere in a cell, which it does not leave."""
    size = rng.choice(list(Size))
    down, across = divmod(cell, CELLS)
    room = CELL_SIZE / 2 - RADIUS[size]
    x, y = ((place + 0.5) * CELL_SIZE + rng.uniform(-room, room) for place in (across, down))
    return Thing(shape, color, size, x, y)
