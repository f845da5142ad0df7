"""The scenes of the embedded world, and what is painted of them."""

from itertools import combinations
from random import Random

import numpy as np
import pytest

from models.shapes.render import PAINT, SHADE, render
from models.shapes.scene import IMAGE_SIZE, THING_COUNTS, Color, Scene, Shape, Size, Thing, sample_scene

SCENES = [sample_scene(Random(seed)) for seed in range(200)]


def test_the_same_seed_gives_the_same_scene_and_another_seed_another() -> None:
    assert [sample_scene(Random(seed)) for seed in range(200)] == SCENES
    assert len(set(SCENES)) == len(SCENES)


def test_things_lie_inside_the_image_and_never_touch() -> None:
    for scene in SCENES:
        assert len(scene.things) in THING_COUNTS
        for thing in scene.things:
            assert thing.radius <= min(thing.x, thing.y, IMAGE_SIZE - thing.x, IMAGE_SIZE - thing.y)
        for one, other in combinations(scene.things, 2):
            assert (one.x - other.x) ** 2 + (one.y - other.y) ** 2 > (one.radius + other.radius) ** 2


def test_every_color_shape_and_size_occurs_about_as_often_as_any_other() -> None:
    things = [thing for seed in range(2000) for thing in sample_scene(Random(seed)).things]
    for attribute, kind in (("color", Color), ("shape", Shape)):
        shares = [sum(getattr(thing, attribute) is value for thing in things) / len(things) for value in kind]
        assert min(shares) > 0.8 / len(kind)
        assert max(shares) < 1.2 / len(kind)
    assert 0.35 < sum(thing.size is Size.LARGE for thing in things) / len(things) < 0.6


def test_the_same_scene_is_painted_the_same() -> None:
    image = render(SCENES[0])
    assert image.shape == (IMAGE_SIZE, IMAGE_SIZE, 3)
    assert image.dtype == np.uint8
    assert np.array_equal(image, render(SCENES[0]))


def test_clutter_changes_the_picture_and_not_the_things() -> None:
    other = Scene(SCENES[0].things, SCENES[0].clutter + 1)
    assert not np.array_equal(render(other), render(SCENES[0]))


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("color", Color)
def test_a_thing_is_painted_in_its_color(shape: Shape, color: Color) -> None:
    thing = Thing(shape, color, Size.LARGE, 20.0, 26.0)
    centre = np.median(render(Scene((thing,), 5))[24:28, 18:22].reshape(-1, 3), axis=0)
    assert np.abs(centre - PAINT[color]).max() <= SHADE + 6


def test_shapes_differ_by_more_than_noise() -> None:
    images = {shape: render(Scene((Thing(shape, Color.WHITE, Size.SMALL, 24.0, 24.0),), 3)) for shape in Shape}
    for one, other in combinations(Shape, 2):
        differing = np.abs(images[one].astype(int) - images[other].astype(int)).max(axis=-1) > 60
        assert differing.sum() >= 6, (one, other)
