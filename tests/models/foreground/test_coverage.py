"""The coverage of patches against exact fractions."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.transforms import Geometry, meter_transform
from models.foreground.boxes_file import CachedBoxes
from models.foreground.coverage import BoxForeground, box_coverage
from models.foreground.provider import Box, ForegroundError, Grid
from tests.models.foreground.pictures import plain


def slow_coverage(boxes: list[Box], geometry: Geometry, grid: Grid) -> list[Fraction]:
    """The union of the boxes inside each patch, patch by patch and cell by cell, in fractions."""
    ends = (Fraction(geometry.width), Fraction(geometry.height))

    def edge(place: float, axis: int) -> Fraction:
        on_canvas = Fraction(place) * Fraction(geometry.scale[axis]) + Fraction(geometry.offset[axis])
        return min(max(on_canvas, Fraction(0)), ends[axis])

    sure = [box for box in boxes if box.confidence >= 0.25]
    placed = [(edge(box.left, 0), edge(box.top, 1), edge(box.right, 0), edge(box.bottom, 1)) for box in sure]
    shares = []
    for row in range(grid.rows):
        for column in range(grid.columns):
            size = Fraction(grid.patch_size)
            x, y = column * size, row * size
            across = sorted({*(min(max(e, x), x + size) for box in placed for e in box[::2]), x, x + size})
            down = sorted({*(min(max(e, y), y + size) for box in placed for e in box[1::2]), y, y + size})
            cells = [
                (right - left) * (bottom - top)
                for left, right in pairwise(across)
                for top, bottom in pairwise(down)
                if any(b[0] <= left and right <= b[2] and b[1] <= top and bottom <= b[3] for b in placed)
            ]
            shares.append(sum(cells, Fraction(0)) / size**2)
    return shares


def boxes_of(edges: st.SearchStrategy[float]) -> st.SearchStrategy[Box]:
    def box(one: float, two: float, three: float, four: float, confidence: float) -> Box:
        return Box(min(one, two), min(three, four), max(one, two), max(three, four), confidence)

    return st.builds(box, edges, edges, edges, edges, st.sampled_from([0.0, 0.2499, 0.25, 1.0]))


GRIDS = st.builds(Grid, st.integers(1, 4), st.integers(1, 4), st.sampled_from([8, 14, 32]))
PIXELS = st.integers(-20, 140).map(float)
HALVES = st.sampled_from([0.5, 1.0, 2.0])
WHOLE = st.builds(
    Geometry,
    st.integers(1, 130),
    st.integers(1, 130),
    st.tuples(HALVES, HALVES),
    st.tuples(PIXELS, PIXELS),
)


@given(st.lists(boxes_of(PIXELS), max_size=5), WHOLE, GRIDS)
def test_whole_pixels_are_covered_exactly(boxes: list[Box], geometry: Geometry, grid: Grid) -> None:
    covered = box_coverage(boxes, geometry, grid) * grid.patch_size**2
    expected = [share * grid.patch_size**2 for share in slow_coverage(boxes, geometry, grid)]
    assert [Fraction(area) for area in (covered.round(9)).tolist()] == expected
    assert covered == pytest.approx([float(area) for area in expected], abs=1e-12)


@given(
    st.lists(boxes_of(st.floats(-20, 140)), max_size=4),
    st.builds(
        Geometry,
        st.integers(1, 130),
        st.integers(1, 130),
        st.tuples(st.floats(0.1, 3), st.floats(0.1, 3)),
        st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    ),
    GRIDS,
)
def test_any_edges_are_covered_to_rounding(boxes: list[Box], geometry: Geometry, grid: Grid) -> None:
    expected = [float(share) for share in slow_coverage(boxes, geometry, grid)]
    assert box_coverage(boxes, geometry, grid) == pytest.approx(expected, abs=1e-11)


def test_half_a_patch_is_exactly_half_at_any_patch_size() -> None:
    for size in (7, 14, 16, 24, 32):
        half = [Box(0, 0, size / 2, size / 4), Box(0, size / 4, size / 2, size)]
        assert box_coverage(half, Geometry(size, size, (1.0, 1.0)), Grid(1, 1, size)).tolist() == [0.5]


def test_overlaps_count_once_and_unsure_boxes_not_at_all() -> None:
    boxes = [Box(0, 0, 8, 8), Box(4, 0, 12, 8), Box(0, 8, 16, 16, 0.24)]
    geometry = Geometry(16, 16, (1.0, 1.0))
    assert box_coverage(boxes, geometry, Grid(2, 2, 8)).tolist() == [1.0, 0.5, 0.0, 0.0]
    assert box_coverage([], geometry, Grid(2, 2, 8)).tolist() == [0.0] * 4


def test_padding_is_not_covered() -> None:
    """The picture fills the left half of a canvas that a wider one made larger; its box leaks out of it."""
    covered = box_coverage([Box(0, 0, 99, 99)], Geometry(32, 32, (1.0, 1.0)), Grid(1, 2, 32))
    assert covered.tolist() == [1.0, 0.0]


def test_boxes_follow_a_picture_that_is_resized_and_cropped() -> None:
    """A 200 x 100 picture becomes the centre square of 64 x 64: its middle 100 pixels are seen."""
    from PIL import Image

    geometry = meter_transform(Image.new("RGB", (200, 100)), 64).geometry
    left_half_of_what_is_seen = [Box(0, 0, 100, 100)]
    covered = box_coverage(left_half_of_what_is_seen, geometry, Grid(2, 2, 32))
    assert covered.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_a_provider_looks_at_each_picture_by_itself() -> None:
    provider = BoxForeground(CachedBoxes({"a": [Box(0, 0, 8, 8)], "b": []}, macs=5, parameters=7))
    grid = Grid(6, 6, 8)
    covered = provider.coverage([plain("a"), plain("b")], grid)
    assert covered.shape == (2, 36)
    assert covered.sum(1).tolist() == [1.0, 0.0]
    assert (provider.macs(48, 48), provider.parameters) == (5, 7)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((5, 0, 4, 1, 1), "left <= right"),
        ((0, 2, 1, 1, 1), "top <= bottom"),
        ((0, 0, np.inf, 1, 1), "finite"),
        ((0, 0, 1, 1, 1.5), "confidence"),
        ((0, 0, 1, 1, np.nan), "confidence"),
    ],
)
def test_a_box_is_a_box(row: tuple[float, ...], expected: str) -> None:
    with pytest.raises(ForegroundError, match=expected):
        Box(*row)
