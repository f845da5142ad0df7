"""Captions of a scene: a true one, and false ones that differ from it in one attribute, one relation or the order.

Some false captions have the very words of the true one, so that a bag of words cannot tell them apart. Which caption
is true follows from the image alone: taken one at a time, true and false captions look alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from random import Random

from models.shapes.description import Description, Relation
from models.shapes.scene import Color, Scene, Shape, Size, Thing, sample_scene

SHOWN_SIZE = 0.4  # how often a caption says a thing's size


@dataclass(frozen=True, slots=True)
class Caption:
    """One thing seen from another."""

    one: Description
    relation: Relation
    other: Description

    @property
    def text(self) -> str:
        """As in 'a small red star left of a blue circle'."""
        return f"{self.one.indefinite} {self.relation} {self.other.indefinite}"

    def subjects(self, scene: Scene) -> tuple[int, ...]:
        """The places of the things that either of its phrases fits, whether the caption is true or not."""
        return tuple(sorted({*self.one.among(scene.things), *self.other.among(scene.things)}))

    def pairs(self, scene: Scene) -> list[tuple[int, int]]:
        """The places of the two things, for every pair of which the caption may be said; a slight lead counts."""
        return [
            (one, other)
            for one, other in permutations(range(len(scene.things)), 2)
            if self.one.fits(scene.things[one])
            and self.other.fits(scene.things[other])
            and self.relation.lead(scene.things[one], scene.things[other]) > 0
        ]


def true_captions(rng: Random, scene: Scene) -> list[Caption]:
    """One caption for every pair of things and every relation that clearly holds between them."""
    named = [_name(rng, thing) for thing in scene.things]
    return [
        Caption(named[one], relation, named[other])
        for one, other in permutations(range(len(scene.things)), 2)
        for relation in Relation
        if relation.holds(scene.things[one], scene.things[other])
    ]


def _name(rng: Random, thing: Thing) -> Description:
    size = thing.size if rng.random() < SHOWN_SIZE else None
    return Description(size=size, color=thing.color, shape=thing.shape)


def false_captions(caption: Caption, scene: Scene) -> tuple[list[Caption], list[Caption]]:
    """Neighbours of a caption that are false of the scene: those with the same words, and those with one changed."""
    one, other = caption.one, caption.other
    same_words = [
        replace(caption, one=other, other=one),
        replace(caption, one=replace(one, color=other.color), other=replace(other, color=one.color)),
        replace(caption, one=replace(one, shape=other.shape), other=replace(other, shape=one.shape)),
    ]
    changed = [
        replace(caption, relation=caption.relation.opposite),
        *(replace(caption, one=name) for name in _changes(one)),
        *(replace(caption, other=name) for name in _changes(other)),
    ]
    return _false(same_words, scene), _false(changed, scene)


def _changes(name: Description) -> Iterator[Description]:
    yield from (replace(name, color=color) for color in Color if color != name.color)
    yield from (replace(name, shape=shape) for shape in Shape if shape != name.shape)
    if name.size is not None:
        yield from (replace(name, size=size) for size in Size if size != name.size)


def _false(captions: Sequence[Caption], scene: Scene) -> list[Caption]:
    return [caption for caption in dict.fromkeys(captions) if not caption.pairs(scene)]


def describe(rng: Random, *, false: int) -> tuple[Scene, Caption, list[Caption]]:
    """A scene, a true caption, and `false` distinct false ones.

    All are neighbours of one of them, which is the true one no more often than any other: the caption that is most
    like the others is no hint.
    """
    while True:
        scene = sample_scene(rng)
        if not (found := true_captions(rng, scene)):
            continue
        caption = rng.choice(found)
        around = _neighbours(rng, caption, scene)[:false]
        hub = rng.choice([caption, *around])
        if hub is not caption:
            around = [hub, *(other for other in _neighbours(rng, hub, scene) if other not in (caption, hub))][:false]
        if len(around) == false:
            return scene, caption, around


def _neighbours(rng: Random, caption: Caption, scene: Scene) -> list[Caption]:
    """False captions close to a caption, in random order, those with the same words first."""
    same_words, changed = false_captions(caption, scene)
    return [*rng.sample(same_words, len(same_words)), *rng.sample(changed, len(changed))]
