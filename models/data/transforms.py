"""Pictures as the published models see them (PIL alone), with the way a box of the picture takes to the canvas."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

VILT_MULTIPLE = 32  # pixels; both sides of the canvas are whole patches
VILT_MEAN = VILT_STD = (0.5, 0.5, 0.5)
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where a picture lies on the canvas (width x height, pixels): canvas = scale x picture + offset, per axis."""

    width: int
    height: int
    scale: tuple[float, float]
    offset: tuple[float, float] = (0.0, 0.0)

    def to_canvas(self, box: Box) -> Box:
        """A box of the picture on the canvas, cut off at its border; what lies outside becomes an empty box."""
        left, top, right, bottom = box
        (x_scale, y_scale), (x_offset, y_offset) = self.scale, self.offset
        return (
            _within(left * x_scale + x_offset, self.width),
            _within(top * y_scale + y_offset, self.height),
            _within(right * x_scale + x_offset, self.width),
            _within(bottom * y_scale + y_offset, self.height),
        )


@dataclass(frozen=True, slots=True)
class Transformed:
    """A picture for a network: (3, H, W) float32, normalised, and how its boxes are found again."""

    pixels: Tensor
    geometry: Geometry


def vilt_size(width: int, height: int, shorter: int) -> tuple[int, int]:
    """Width and height of ViLT's canvas (ICML 2021, its transforms): whole patches, the proportion nearly kept.

    The shorter side becomes `shorter`; if then the longer side exceeds 1333 / 800 of that, both shrink until it does
    not; both are rounded, then floored to multiples of 32. A side is never less than 32 (ours: the original fails).
    """
    longest = shorter * 1333 // 800
    scale = shorter / min(width, height)
    sides = (shorter if side == min(width, height) else scale * side for side in (width, height))
    wide, high = sides
    shrink = min(1.0, longest / max(wide, high))
    return _whole_patches(wide * shrink), _whole_patches(high * shrink)


def vilt_transform(image: Image.Image, shorter: int = 384) -> Transformed:
    """ViLT's picture: bicubic to `vilt_size`, values in [-1, 1]; nothing is cut off."""
    width, height = vilt_size(image.width, image.height, shorter)
    resized = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    geometry = Geometry(width, height, (width / image.width, height / image.height))
    return Transformed(_normalised(resized, VILT_MEAN, VILT_STD), geometry)


def meter_transform(image: Image.Image, size: int = 384) -> Transformed:
    """METER's picture (CVPR 2022, its CLIP transform): bicubic, shorter side `size`; centre square; CLIP's mean."""
    shorter = min(image.width, image.height)
    width, height = size * image.width // shorter, size * image.height // shorter
    left, top = round((width - size) / 2), round((height - size) / 2)
    resized = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    square = resized.crop((left, top, left + size, top + size))
    geometry = Geometry(size, size, (width / image.width, height / image.height), (-float(left), -float(top)))
    return Transformed(_normalised(square, CLIP_MEAN, CLIP_STD), geometry)


def _whole_patches(side: float) -> int:
    return max(VILT_MULTIPLE, int(side + 0.5) // VILT_MULTIPLE * VILT_MULTIPLE)


def _within(place: float, end: int) -> float:
    return min(max(place, 0.0), float(end))


def _normalised(image: Image.Image, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """(H, W) RGB to (3, H, W) float32."""
    values = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
    return (values - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
