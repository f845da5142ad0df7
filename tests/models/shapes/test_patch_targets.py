"""The dense targets of pre-training."""

from models.shapes.patch_targets import GRID, PATCHES, patch_targets
from models.shapes.scene import Color, Scene, Shape, Size, Thing

STAR = Thing(Shape.STAR, Color.BLUE, Size.LARGE, 8.0, 8.0)
CROSS = Thing(Shape.CROSS, Color.RED, Size.SMALL, 40.0, 24.0)


def test_a_thing_marks_the_patches_it_covers_and_no_others() -> None:
    targets = patch_targets(Scene((STAR, CROSS), 0), subjects=(1,))
    shape = targets.shape.reshape(GRID, GRID)
    assert targets.shape.shape == (PATCHES,)
    assert (shape[:2, :2] == 1 + list(Shape).index(Shape.STAR)).all()
    assert (shape[2:4, 4:6] == 1 + list(Shape).index(Shape.CROSS)).all()
    assert (shape > 0).sum() == 8


def test_every_attribute_marks_the_same_patches_and_the_subject_its_own() -> None:
    targets = patch_targets(Scene((STAR, CROSS), 0), subjects=(1,))
    assert ((targets.shape > 0) == (targets.color > 0)).all()
    assert ((targets.shape > 0) == (targets.size > 0)).all()
    assert ((targets.shape == 1 + list(Shape).index(Shape.CROSS)) == (targets.subject == 1)).all()
