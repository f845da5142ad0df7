"""What a noun phrase says of a thing; the words of the embedded world's language that name things and places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from models.shapes.scene import Color, Shape, Size, Thing

MARGIN = 8.0  # pixels by which one centre must pass another before a text may say so
PLURAL: Mapping[Shape, str] = {shape: f"{shape}{'es' if shape is Shape.CROSS else 's'}" for shape in Shape}


class Relation(StrEnum):
    """Where one thing is, seen from another, as a text says it."""

    LEFT = "left of"
    RIGHT = "right of"
    ABOVE = "above"
    BELOW = "below"

    @property
    def opposite(self) -> "Relation":
        """What holds the other way round."""
        return _OPPOSITE[self]

    def lead(self, one: Thing, other: Thing) -> float:
        """By how many pixels `one` lies in this direction from `other`."""
        distance = one.x - other.x if self in (Relation.LEFT, Relation.RIGHT) else one.y - other.y
        return distance if self in (Relation.RIGHT, Relation.BELOW) else -distance

    def holds(self, one: Thing, other: Thing) -> bool:
        """Whether `one` clearly lies in this direction from `other`."""
        return self.lead(one, other) >= MARGIN


_OPPOSITE = {
    Relation.LEFT: Relation.RIGHT,
    Relation.RIGHT: Relation.LEFT,
    Relation.ABOVE: Relation.BELOW,
    Relation.BELOW: Relation.ABOVE,
}

EXTREMES: Mapping[Relation, str] = {
    Relation.LEFT: "leftmost",
    Relation.RIGHT: "rightmost",
    Relation.ABOVE: "topmost",
    Relation.BELOW: "lowest",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A noun phrase: what it leaves out fits any thing."""

    size: Size | None = None
    color: Color | None = None
    shape: Shape | None = None

    def fits(self, thing: Thing) -> bool:
        """Whether the phrase is true of a thing."""
        return (
            self.shape in (None, thing.shape) and self.color in (None, thing.color) and self.size in (None, thing.size)
        )

    def among(self, things: Sequence[Thing]) -> tuple[int, ...]:
        """The places of the things that it fits."""
        return tuple(place for place, thing in enumerate(things) if self.fits(thing))

    @property
    def singular(self) -> str:
        """Without an article: 'small red star', 'red thing'."""
        return self._phrase(str(self.shape or "thing"))

    @property
    def indefinite(self) -> str:
        """With its article: 'a red thing', 'an orange star'."""
        return f"{'an' if self.singular[0] in 'aeiou' else 'a'} {self.singular}"

    @property
    def plural(self) -> str:
        """As in 'small red stars', 'red things'."""
        return self._phrase(PLURAL[self.shape] if self.shape else "things")

    def _phrase(self, noun: str) -> str:
        return " ".join([*(str(word) for word in (self.size, self.color) if word), noun])


def descriptions(*, size: bool, color: bool, shape: bool) -> tuple[Description, ...]:
    """Every phrase that says exactly these attributes."""
    return tuple(
        Description(size=one, color=other, shape=third)
        for one, other, third in product(
            list(Size) if size else [None], list(Color) if color else [None], list(Shape) if shape else [None]
        )
    )


COLORED = descriptions(size=False, color=True, shape=False)
SHAPED = descriptions(size=False, color=False, shape=True)
COLORED_AND_SHAPED = descriptions(size=False, color=True, shape=True)


def names(thing: Thing, *, color: bool = True, shape: bool = True) -> tuple[Description, ...]:
    """The phrases that fit a thing, shortest first, without those that would say its color or its shape."""
    of_colors = (None, thing.color) if color else (None,)
    of_shapes = (None, thing.shape) if shape else (None,)
    found = [
        Description(size=size, color=one, shape=other)
        for size, one, other in product((None, thing.size), of_colors, of_shapes)
        if one or other
    ]
    return tuple(sorted(found, key=lambda name: len(name.singular.split())))


def unique_names(
    things: Sequence[Thing], place: int, *, color: bool = True, shape: bool = True
) -> tuple[Description, ...]:
    """The phrases that fit the thing at `place` and no other one."""
    return tuple(name for name in names(things[place], color=color, shape=shape) if name.among(things) == (place,))
