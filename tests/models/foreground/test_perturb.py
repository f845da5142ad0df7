"""Faults of boxes: each does what it says, by as much as its level says, from its own seed."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.foreground.boxes_file import CachedBoxes
from models.foreground.perturb import Fault, Perturbation, Perturbed
from models.foreground.provider import Box
from tests.models.foreground.pictures import plain

BOXES = tuple(Box(4.0 * place, 2.0, 4.0 * place + 6, 10.0, 0.5) for place in range(8))
PERTURBATIONS = st.builds(Perturbation, st.sampled_from(Fault), st.floats(0, 1))


def apply(fault: Fault, level: float, seed: int = 0, boxes: tuple[Box, ...] = BOXES) -> tuple[Box, ...]:
    return Perturbation(fault, level).apply(boxes, width=48, height=40, rng=Random(seed))


@given(PERTURBATIONS, st.integers(0, 9))
def test_the_same_generator_gives_the_same_boxes(perturbation: Perturbation, seed: int) -> None:
    one, two = (perturbation.apply(BOXES, width=48, height=40, rng=Random(seed)) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.SHIFTED, Fault.SPURIOUS])
def test_level_0_changes_nothing(fault: Fault) -> None:
    assert apply(fault, 0.0) == BOXES


def test_none_at_all() -> None:
    assert apply(Fault.NONE, 1.0) == ()


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 99))
def test_more_is_dropped_of_the_same(one: float, two: float, seed: int) -> None:
    few, many = (apply(Fault.DROPPED, level, seed) for level in sorted((one, two)))
    assert set(many) <= set(few) <= set(BOXES)


def test_boxes_are_dropped_as_often_as_said() -> None:
    left = sum(len(apply(Fault.DROPPED, 0.3, seed)) for seed in range(500))
    assert left / (500 * len(BOXES)) == pytest.approx(0.7, abs=0.03)
    assert apply(Fault.DROPPED, 1.0) == ()


@given(st.floats(0, 2), st.integers(0, 99))
def test_boxes_move_by_their_own_size(level: float, seed: int) -> None:
    moved = apply(Fault.SHIFTED, level, seed)
    for box, other in zip(BOXES, moved, strict=True):
        across, down = (other.left - box.left) / 6, (other.top - box.top) / 8
        assert math.hypot(across, down) == pytest.approx(level, abs=1e-6)
        assert (other.right - other.left, other.bottom - other.top) == pytest.approx((6, 8))
        assert other.confidence == 0.5


@given(st.floats(0, 3), st.integers(0, 99))
def test_spurious_boxes_come_on_top_and_lie_in_the_picture(level: float, seed: int) -> None:
    boxes = apply(Fault.SPURIOUS, level, seed)
    assert boxes[:8] == BOXES
    assert len(boxes) - 8 in (math.floor(8 * level), math.ceil(8 * level))
    for box in boxes[8:]:
        assert 0 <= box.left <= box.right <= 48 + 1e-9
        assert 0 <= box.top <= box.bottom <= 40 + 1e-9
        assert (box.right - box.left, box.bottom - box.top) == pytest.approx((6, 8))


def test_no_box_makes_no_spurious_one() -> None:
    assert apply(Fault.SPURIOUS, 2.0, boxes=()) == ()


def test_a_picture_has_the_same_fault_in_any_batch() -> None:
    source = CachedBoxes({"a": BOXES, "b": BOXES}, macs=3, parameters=4)
    perturbed = Perturbed(source, Perturbation(Fault.SHIFTED, 0.5), seed=1)
    first, other = perturbed.boxes(plain("a")), perturbed.boxes(plain("b"))
    assert perturbed.boxes(plain("a")) == first != other
    assert Perturbed(source, Perturbation(Fault.SHIFTED, 0.5), seed=2).boxes(plain("a")) != first
    assert (perturbed.macs(1, 1), perturbed.parameters) == (3, 4)


@pytest.mark.parametrize(("fault", "level"), [(Fault.DROPPED, 1.1), (Fault.SHIFTED, -0.1), (Fault.SPURIOUS, math.inf)])
def test_a_level_that_is_none(fault: Fault, level: float) -> None:
    with pytest.raises(ValueError, match=f"boxes {fault}"):
        Perturbation(fault, level)
