"""Boxes as a worse detector would give them: pure functions of the boxes, the picture's size and a generator."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from models.foreground.provider import Box, BoxSource, Picture


class Fault(StrEnum):
    """What goes wrong; the level says how much."""

    DROPPED = "dropped"  # the chance of each box to be missed
    SHIFTED = "shifted"  # how far each box moves, in its own widths and heights, in any direction
    SPURIOUS = "spurious"  # how many boxes of nothing come with each true one
    NONE = "none at all"  # no box anywhere


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One fault at one level; levels of a fault differ in how much goes wrong, not in where."""

    fault: Fault
    level: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.level < math.inf or (self.fault is Fault.DROPPED and self.level > 1.0):
            limit = "[0, 1]" if self.fault is Fault.DROPPED else "0 or more"
            raise ValueError(f"a level of boxes {self.fault} is {limit}, not {self.level}")

    def __str__(self) -> str:
        return str(self.fault) if self.fault is Fault.NONE else f"{self.fault} {self.level:g}"

    def apply(self, boxes: Sequence[Box], *, width: int, height: int, rng: Random) -> tuple[Box, ...]:
        """The boxes of a picture of `width` x `height` pixels after the fault."""
        match self.fault:
            case Fault.NONE:
                return ()
            case Fault.DROPPED:
                return tuple(box for box in boxes if rng.random() >= self.level)
            case Fault.SHIFTED:
                return tuple(_shifted(box, self.level, rng) for box in boxes)
            case Fault.SPURIOUS:
                count = math.floor(self.level * len(boxes) + rng.random())
                return (*boxes, *(_moved(rng.choice(boxes), width, height, rng) for _ in range(count)))


def _shifted(box: Box, level: float, rng: Random) -> Box:
    angle = rng.uniform(0.0, 2 * math.pi)
    across = level * (box.right - box.left) * math.cos(angle)
    down = level * (box.bottom - box.top) * math.sin(angle)
    return replace(box, left=box.left + across, top=box.top + down, right=box.right + across, bottom=box.bottom + down)


def _moved(box: Box, width: int, height: int, rng: Random) -> Box:
    """A box of the same size anywhere in the picture."""
    wide, high = box.right - box.left, box.bottom - box.top
    left, top = rng.uniform(0.0, max(0.0, width - wide)), rng.uniform(0.0, max(0.0, height - high))
    return Box(left, top, left + wide, top + high, box.confidence)


@dataclass(frozen=True, slots=True)
class Perturbed:
    """A source with a fault (`models.foreground.provider.BoxSource`); a picture has its own generator."""

    source: BoxSource
    perturbation: Perturbation
    seed: int = 0

    @property
    def parameters(self) -> int:
        """How many numbers the source holds."""
        return self.source.parameters

    def macs(self, height: int, width: int) -> int:
        """MACs of the source."""
        return self.source.macs(height, width)

    def boxes(self, picture: Picture) -> Sequence[Box]:
        """The boxes of the source after the fault."""
        height, width = picture.pixels.shape[:2]
        rng = Random(f"{self.seed}/{self.perturbation.fault}/{picture.image_id}")  # noqa: S311 - no secret
        return self.perturbation.apply(self.source.boxes(picture), width=width, height=height, rng=rng)
