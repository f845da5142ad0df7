"""Questions about a scene, with their answers.

The kind and the answer are drawn first and a scene is found for them, so that within a kind the answers are balanced
and the words of a question say as little as possible about its answer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations
from random import Random

from models.shapes.description import COLORED, COLORED_AND_SHAPED, EXTREMES, SHAPED, Description, Relation, unique_names
from models.shapes.scene import IMAGE_SIZE, THING_COUNTS, Color, Scene, Shape, Size, Thing, sample_scene

Things = Sequence[Thing]
YES_NO = ("yes", "no")
MAX_COUNT = 3  # of things that a phrase fits; all things together are counted up to THING_COUNTS[-1]


class Kind(StrEnum):
    """What a question asks for."""

    COLOR = "color"
    SHAPE = "shape"
    SIZE = "size"
    COUNT = "count"
    TOTAL = "total"
    EXISTS = "exists"
    RELATION = "relation"
    EXTREME_COLOR = "extreme color"
    EXTREME_SHAPE = "extreme shape"
    NEIGHBOR_COLOR = "neighbor color"
    NEIGHBOR_SHAPE = "neighbor shape"
    SAME = "same"
    MORE = "more"
    CORNER = "corner"


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer; `subjects` are the places of the things in the scene that decide it."""

    kind: Kind
    text: str
    answer: str
    subjects: tuple[int, ...]


def _colors(things: Things) -> Iterator[Question]:
    for place, thing in enumerate(things):
        for name in unique_names(things, place, color=False):
            yield Question(Kind.COLOR, f"what color is the {name.singular}", thing.color, (place,))


def _shapes(things: Things) -> Iterator[Question]:
    for place, thing in enumerate(things):
        for name in unique_names(things, place, shape=False):
            yield Question(Kind.SHAPE, f"what shape is the {name.singular}", thing.shape, (place,))


def _sizes(things: Things) -> Iterator[Question]:
    for place, thing in enumerate(things):
        for name in unique_names(things, place):
            if name.size is None:
                yield Question(Kind.SIZE, f"what size is the {name.singular}", thing.size, (place,))


def _counts(things: Things) -> Iterator[Question]:
    for phrase in (*COLORED, *SHAPED):
        fitting = phrase.among(things)
        if len(fitting) <= MAX_COUNT:
            yield Question(Kind.COUNT, f"how many {phrase.plural} are there", str(len(fitting)), fitting)


def _totals(things: Things) -> Iterator[Question]:
    yield Question(Kind.TOTAL, "how many things are there", str(len(things)), tuple(range(len(things))))


def _existences(things: Things) -> Iterator[Question]:
    """Both the color and the shape are in the scene, so that only their binding decides."""
    colors, shapes = {thing.color for thing in things}, {thing.shape for thing in things}
    for phrase in COLORED_AND_SHAPED:
        if phrase.color in colors and phrase.shape in shapes:
            fitting = phrase.among(things)
            yield Question(Kind.EXISTS, f"is there {phrase.indefinite}", YES_NO[not fitting], fitting)


def _named_pairs(things: Things) -> Iterator[tuple[int, Description, int, Description]]:
    """Ordered pairs of things, each with its shortest phrases."""
    shortest = [unique_names(things, place)[:2] for place in range(len(things))]
    for one, other in permutations(range(len(things)), 2):
        for name in shortest[one]:
            for second in shortest[other]:
                yield one, name, other, second


def _relations(things: Things) -> Iterator[Question]:
    for one, name, other, second in _named_pairs(things):
        for relation in Relation:
            holds = relation.holds(things[one], things[other])
            if holds or relation.opposite.holds(things[one], things[other]):
                text = f"is the {name.singular} {relation} the {second.singular}"
                yield Question(Kind.RELATION, text, YES_NO[not holds], (one, other))


def _extremes(things: Things) -> Iterator[Question]:
    for relation, word in EXTREMES.items():
        for place, thing in enumerate(things):
            if all(other is thing or relation.holds(thing, other) for other in things):
                yield Question(Kind.EXTREME_COLOR, f"what color is the {word} thing", thing.color, (place,))
                yield Question(Kind.EXTREME_SHAPE, f"what shape is the {word} thing", thing.shape, (place,))


def _neighbors(things: Things) -> Iterator[Question]:
    """The only thing on one side of a named one; no other thing is near the border between the sides."""
    for anchor, middle in enumerate(things):
        others = [place for place in range(len(things)) if place != anchor]
        for relation in Relation:
            beside = [place for place in others if relation.lead(things[place], middle) > 0]
            if len(beside) != 1 or not _all_clear(relation, things, others, middle):
                continue
            thing = things[beside[0]]
            for name in unique_names(things, anchor)[:2]:
                where = f"thing {relation} the {name.singular}"
                yield Question(Kind.NEIGHBOR_COLOR, f"what color is the {where}", thing.color, (beside[0], anchor))
                yield Question(Kind.NEIGHBOR_SHAPE, f"what shape is the {where}", thing.shape, (beside[0], anchor))


def _all_clear(relation: Relation, things: Things, others: Sequence[int], middle: Thing) -> bool:
    return all(
        relation.holds(things[place], middle) or relation.opposite.holds(things[place], middle) for place in others
    )


def _sames(things: Things) -> Iterator[Question]:
    """Colors of two things named by shape; shapes of two things named by color."""
    for one, other in permutations(range(len(things)), 2):
        for asked in ("color", "shape"):
            names = [_short_name(things, place, asked) for place in (one, other)]
            if names[0] and names[1]:
                same = getattr(things[one], asked) == getattr(things[other], asked)
                text = f"are the {names[0]} and the {names[1]} the same {asked}"
                yield Question(Kind.SAME, text, YES_NO[not same], (one, other))


def _short_name(things: Things, place: int, asked: str) -> str | None:
    """At most two words for the thing at `place` that keep quiet about what is asked."""
    found = unique_names(things, place, color=asked != "color", shape=asked != "shape")
    return next((name.singular for name in found if len(name.singular.split()) <= 2), None)


def _mores(things: Things) -> Iterator[Question]:
    for group in (COLORED, SHAPED):
        present = [(phrase, phrase.among(things)) for phrase in group if phrase.among(things)]
        for (one, some), (other, rest) in permutations(present, 2):
            if len(some) != len(rest):
                text = f"are there more {one.plural} than {other.plural}"
                yield Question(Kind.MORE, text, YES_NO[len(some) < len(rest)], some + rest)


def _corners(things: Things) -> Iterator[Question]:
    middle, away = IMAGE_SIZE / 2, IMAGE_SIZE / 6
    for place, thing in enumerate(things):
        if min(abs(thing.x - middle), abs(thing.y - middle)) >= away:
            answer = f"{'top' if thing.y < middle else 'bottom'} {'left' if thing.x < middle else 'right'}"
            for name in unique_names(things, place):
                yield Question(Kind.CORNER, f"in which corner is the {name.singular}", answer, (place,))


@dataclass(frozen=True, slots=True)
class Family:
    """How the questions of one kind are found in a scene, the answers they may have, and their share of all."""

    find: Callable[[Things], Iterator[Question]]
    answers: tuple[str, ...]
    weight: float


_COLOR_ANSWERS, _SHAPE_ANSWERS = tuple(map(str, Color)), tuple(map(str, Shape))
FAMILIES: Mapping[Kind, Family] = {
    Kind.COLOR: Family(_colors, _COLOR_ANSWERS, 0.15),
    Kind.SHAPE: Family(_shapes, _SHAPE_ANSWERS, 0.15),
    Kind.SIZE: Family(_sizes, tuple(map(str, Size)), 0.06),
    Kind.COUNT: Family(_counts, tuple(map(str, range(MAX_COUNT + 1))), 0.10),
    Kind.TOTAL: Family(_totals, tuple(map(str, THING_COUNTS)), 0.05),
    Kind.EXISTS: Family(_existences, YES_NO, 0.06),
    Kind.RELATION: Family(_relations, YES_NO, 0.06),
    Kind.EXTREME_COLOR: Family(_extremes, _COLOR_ANSWERS, 0.06),
    Kind.EXTREME_SHAPE: Family(_extremes, _SHAPE_ANSWERS, 0.06),
    Kind.NEIGHBOR_COLOR: Family(_neighbors, _COLOR_ANSWERS, 0.05),
    Kind.NEIGHBOR_SHAPE: Family(_neighbors, _SHAPE_ANSWERS, 0.05),
    Kind.SAME: Family(_sames, YES_NO, 0.04),
    Kind.MORE: Family(_mores, YES_NO, 0.04),
    Kind.CORNER: Family(_corners, ("top left", "top right", "bottom left", "bottom right"), 0.07),
}
ANSWERS: tuple[str, ...] = tuple(dict.fromkeys(answer for family in FAMILIES.values() for answer in family.answers))
"""Every answer, by label id."""


def questions(scene: Scene, kind: Kind) -> list[Question]:
    """Every question of a kind that the scene answers."""
    return [question for question in FAMILIES[kind].find(scene.things) if question.kind is kind]


def ask(rng: Random) -> tuple[Scene, Question]:
    """A scene and a question about it."""
    kind = rng.choices(list(FAMILIES), [family.weight for family in FAMILIES.values()])[0]
    answer = rng.choice(FAMILIES[kind].answers)
    while True:
        scene = sample_scene(rng)
        if found := [question for question in questions(scene, kind) if question.answer == answer]:
            return scene, rng.choice(found)
