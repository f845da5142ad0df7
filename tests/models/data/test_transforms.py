"""Pictures have the published sizes and values, and a box of the picture lies on the same content on the canvas."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from models.data.transforms import CLIP_MEAN, CLIP_STD, Box, Transformed, meter_transform, vilt_size, vilt_transform

RESIZE = Path(__file__).parents[2] / "fixtures" / "vilt" / "resize.json"


def with_white_box(box: Box, size: tuple[int, int] = (640, 400)) -> Image.Image:
    """A black picture with a white box."""
    image = Image.new("RGB", size)
    left, top, right, bottom = (round(place) for place in box)
    ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), fill="white")
    return image


def test_sizes_are_those_of_the_original_rule() -> None:
    cases = json.loads(RESIZE.read_text())
    found = [vilt_size(case["width"], case["height"], case["shorter"]) for case in cases]
    assert found == [(case["out_width"], case["out_height"]) for case in cases]


def test_a_very_long_picture_keeps_one_patch() -> None:
    assert vilt_size(4000, 40, 384) == (608, 32)


@pytest.mark.parametrize(("transform", "size"), [(vilt_transform, (384, 608)), (meter_transform, (384, 384))])
def test_a_box_finds_its_content(transform: Callable[[Image.Image], Transformed], size: tuple[int, int]) -> None:
    box = (250.0, 100.0, 400.0, 350.0)
    result = transform(with_white_box(box))
    assert result.pixels.shape == (3, *size)
    assert result.pixels.dtype == torch.float32
    assert (result.geometry.height, result.geometry.width) == size
    bright = result.pixels[0] > result.pixels[0].mean()
    rows, columns = bright.any(1).nonzero().flatten(), bright.any(0).nonzero().flatten()
    found = (columns[0].item(), rows[0].item(), columns[-1].item() + 1, rows[-1].item() + 1)
    assert found == pytest.approx(result.geometry.to_canvas(box), abs=1)


def test_a_box_outside_the_crop_is_empty() -> None:
    left, _, right, _ = meter_transform(Image.new("RGB", (800, 200)), 96).geometry.to_canvas((0.0, 0.0, 100.0, 200.0))
    assert left == right == 0.0


def test_values_are_normalised() -> None:
    white = Image.new("L", (64, 64), 255)
    assert torch.equal(vilt_transform(white, 32).pixels, torch.ones(3, 32, 32))
    expected = [(1 - mean) / std for mean, std in zip(CLIP_MEAN, CLIP_STD, strict=True)]
    assert meter_transform(white, 32).pixels.amax((1, 2)).tolist() == pytest.approx(expected)


def test_meter_keeps_the_proportion_and_cuts_the_centre() -> None:
    thirds = [with_white_box((left, 0.0, left + 100.0, 100.0), (300, 100)) for left in (0.0, 100.0, 200.0)]
    left, middle, right = (meter_transform(image, 50).pixels[0, :, 5:-5] for image in thirds)
    assert left.max() < 0 < middle.min()
    assert right.max() < 0
