"""Pictures become the pixels that the data of the same frame has."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.transforms import CLIP_MEAN, CLIP_STD, meter_transform, vilt_transform
from models.pixels import Frame, PixelReading, pixel_reading
from models.shapes.dataset import pixel_tensor
from tests.networks import TINY, TINY_METER


def photo(width: int, height: int) -> Image.Image:
    levels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(levels)


def test_the_embedded_world_is_read_alike_for_every_backbone() -> None:
    """A METER that was pre-trained on it knows its pixels with mean and standard deviation 0.5, not CLIP's."""
    image = photo(48, 48)
    for config in (TINY, TINY_METER):
        reading = pixel_reading("shapes-small", config)
        assert (reading.mean, reading.std) == ((0.5,) * 3, (0.5,) * 3)
        assert torch.equal(reading(image).pixels, pixel_tensor([np.array(image)])[0])


def test_real_pictures_are_read_as_published() -> None:
    image = photo(100, 60)
    vilt, meter = pixel_reading("coco", TINY), pixel_reading("coco", TINY_METER)
    assert torch.equal(vilt(image).pixels, vilt_transform(image, 48).pixels)
    assert torch.equal(meter(image).pixels, meter_transform(image, 48).pixels)
    assert (meter.mean, meter.std) == (CLIP_MEAN, CLIP_STD)


def test_no_canvas_has_a_longer_side() -> None:
    vilt, meter, square = (PixelReading.of(frame, 384) for frame in (Frame.VILT, Frame.METER, Frame.SQUARE))
    assert (vilt.longest, meter.longest, square.longest) == (608, 384, 384)
    assert vilt(photo(2000, 300)).pixels.shape == (3, 96, 608)


def test_a_square_takes_a_box_with_it() -> None:
    geometry = PixelReading.of(Frame.SQUARE, 48)(photo(96, 24)).geometry
    assert geometry.to_canvas((48.0, 0.0, 96.0, 12.0)) == (24.0, 0.0, 48.0, 24.0)


@pytest.mark.parametrize("frame", Frame)
def test_it_survives_a_file(frame: Frame) -> None:
    reading = PixelReading.of(frame, 384)
    assert PixelReading.from_json(json.loads(json.dumps(reading.to_json()))) == reading


def test_another_mean_than_the_frames_is_refused() -> None:
    data = PixelReading.of(Frame.METER, 384).to_json() | {"mean": [0.5, 0.5, 0.5]}
    with pytest.raises(ValueError, match=r"frame 'meter' have mean \(0\.48"):
        PixelReading.from_json(data)
