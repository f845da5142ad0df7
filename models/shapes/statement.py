"""Statements about two images, true or false (NLVR2).

The form and the truth are drawn first and two scenes are found for them. Forms about one side are made false by
swapping the images, the others treat all their colors or shapes alike: the text alone says nothing about the truth.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from models.shapes.description import COLORED, COLORED_AND_SHAPED, SHAPED, Description
from models.shapes.scene import Scene, sample_scene

NUMBERS = ("one", "two", "three")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its truth; `subjects` are the places of the things that decide it in each of the scenes."""

    text: str
    true: bool
    subjects: tuple[tuple[int, ...], tuple[int, ...]]


Pair = tuple[Scene, Scene]
Form = Callable[[Pair], Iterator[Statement]]


def _both(phrases: Sequence[Description], pair: Pair) -> Iterator[Statement]:
    """False where exactly one image has it."""
    for phrase in phrases:
        left, right = (phrase.among(scene.things) for scene in pair)
        if left or right:
            yield Statement(f"both images show {phrase.indefinite}", bool(left and right), (left, right))


def _one_side(pair: Pair) -> Iterator[Statement]:
    """Shown on one side only: where it is says whether the statement is true."""
    for phrase in (*COLORED, *SHAPED, *COLORED_AND_SHAPED):
        left, right = (phrase.among(scene.things) for scene in pair)
        if bool(left) != bool(right):
            yield Statement(f"only the left image shows {phrase.indefinite}", bool(left), (left, right))
            yield Statement(f"only the right image shows {phrase.indefinite}", bool(right), (left, right))


def _more(pair: Pair) -> Iterator[Statement]:
    for phrase in (*COLORED, *SHAPED):
        left, right = (phrase.among(scene.things) for scene in pair)
        if len(left) != len(right):
            text = f"there are more {phrase.plural} in the"
            yield Statement(f"{text} left image", len(left) > len(right), (left, right))
            yield Statement(f"{text} right image", len(left) < len(right), (left, right))


def _total(pair: Pair) -> Iterator[Statement]:
    left, right = (tuple(range(len(scene.things))) for scene in pair)
    if len(left) != len(right):
        yield Statement("the left image shows more things", len(left) > len(right), (left, right))
        yield Statement("the right image shows more things", len(left) < len(right), (left, right))


def _count(pair: Pair) -> Iterator[Statement]:
    """Shown that often on one side and not on the other."""
    for phrase in (*COLORED, *SHAPED):
        left, right = (phrase.among(scene.things) for scene in pair)
        for count, word in enumerate(NUMBERS, start=1):
            noun = phrase.singular if count == 1 else phrase.plural
            if (len(left) == count) != (len(right) == count):
                text = f"image shows exactly {word} {noun}"
                yield Statement(f"the left {text}", len(left) == count, (left, right))
                yield Statement(f"the right {text}", len(right) == count, (left, right))


FORMS: Mapping[Form, float] = {
    partial(_both, COLORED): 0.1,
    partial(_both, SHAPED): 0.1,
    partial(_both, COLORED_AND_SHAPED): 0.15,
    _one_side: 0.25,
    _more: 0.2,
    _total: 0.05,
    _count: 0.15,
}
"""The forms and their share of all statements."""


def state(rng: Random) -> tuple[Pair, Statement]:
    """Two scenes, left and right, and a statement about them."""
    form, truth = rng.choices(list(FORMS), list(FORMS.values()))[0], rng.random() < 0.5
    while True:
        pair = (sample_scene(rng), sample_scene(rng))
        if found := [statement for statement in form(pair) if statement.true is truth]:
            return pair, rng.choice(found)
