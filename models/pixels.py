"""`PixelReading`: how a picture becomes a network's pixels; an exported model reads as its data was read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import torch
from PIL import Image

from models.backbone_config import BackboneConfig
from models.data.transforms import (
    CLIP_MEAN,
    CLIP_STD,
    VILT_MEAN,
    VILT_STD,
    Geometry,
    Transformed,
    meter_transform,
    vilt_size,
    vilt_transform,
)
from models.plugins.backbone import plugin_of
from models.plugins.data import data_plugins
from models.registry import DATASETS
from models.vilt_config import ViltConfig

MOST_OBLONG = 1_000_000  # times as wide as high: no picture is more so

Channels = tuple[float, float, float]


class Frame(StrEnum):
    """Where a picture lies on the canvas."""

    SQUARE = "square"  # squeezed to a square: the embedded world, whose pictures are squares
    VILT = "vilt"  # whole, on a canvas of its own proportion
    METER = "meter"  # its middle, on a square


PUBLISHED: Mapping[Frame, tuple[Channels, Channels]] = {
    Frame.SQUARE: (VILT_MEAN, VILT_STD),
    Frame.VILT: (VILT_MEAN, VILT_STD),
    Frame.METER: (CLIP_MEAN, CLIP_STD),
}


@dataclass(frozen=True, slots=True)
class PixelReading:
    """An `ImageTransform`: `size` is the canvas's shorter side in pixels, `mean` and `std` are by channel."""

    frame: Frame
    size: int
    mean: Channels
    std: Channels

    def __post_init__(self) -> None:
        if (self.mean, self.std) != PUBLISHED[self.frame]:
            mean, std = PUBLISHED[self.frame]
            raise ValueError(
                f"pixels of frame '{self.frame}' have mean {mean} and std {std}, not {self.mean} and {self.std}"
            )

    @classmethod
    def of(cls, frame: Frame, size: int) -> "PixelReading":
        """With the frame's own mean and standard deviation."""
        return cls(frame, size, *PUBLISHED[frame])

    @property
    def longest(self) -> int:
        """The longest side that a canvas can have, in pixels."""
        return max(vilt_size(MOST_OBLONG, 1, self.size)) if self.frame is Frame.VILT else self.size

    def __call__(self, image: Image.Image) -> Transformed:
        """The picture's pixels, (3, H, W) float32, and where it lies."""
        if self.frame is Frame.VILT:
            return vilt_transform(image, self.size)
        if self.frame is Frame.METER:
            return meter_transform(image, self.size)
        return square_transform(image, self.size)

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back."""
        return {"frame": str(self.frame), "size": self.size, "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "PixelReading":
        """What `to_json` described.

        Raises:
            KeyError: a part is missing.
            ValueError: the frame is unknown, or does not go with the mean and standard deviation.
        """
        return cls(Frame(data["frame"]), int(data["size"]), tuple(data["mean"]), tuple(data["std"]))


def pixel_reading(data: str, config: BackboneConfig) -> PixelReading:
    """How a data set's pictures are read: the embedded world's alike for all, others as plugins say or as published."""
    if data in DATASETS:
        return PixelReading.of(Frame.SQUARE, config.image_size)
    own = data_plugins().usable.get(data)
    if own is not None and own.frame is not None:
        return PixelReading.of(Frame(own.frame), config.image_size)
    if (plugin := plugin_of(config)) is not None:
        return PixelReading.of(Frame(plugin.frame), config.image_size)
    return PixelReading.of(Frame.VILT if isinstance(config, ViltConfig) else Frame.METER, config.image_size)


def square_transform(image: Image.Image, size: int) -> Transformed:
    """A picture squeezed to a square (bicubic), values in [-1, 1]."""
    square = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(np.array(square, dtype=np.uint8)).permute(2, 0, 1)
    geometry = Geometry(size, size, (size / image.width, size / image.height))
    return Transformed(pixels.float() / 127.5 - 1.0, geometry)
