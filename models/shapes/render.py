"""Paints a scene: textured background, stray strokes and specks, the things, and noise over it all."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.shapes.scene import IMAGE_SIZE, Color, Scene, Shape, Thing

PAINT: Mapping[Color, tuple[int, int, int]] = {
    Color.RED: (214, 40, 40),
    Color.GREEN: (44, 150, 60),
    Color.BLUE: (44, 76, 210),
    Color.YELLOW: (240, 220, 50),
    Color.PURPLE: (140, 50, 170),
    Color.ORANGE: (244, 132, 30),
    Color.CYAN: (60, 205, 220),
    Color.WHITE: (244, 244, 244),
}
SCALE = 2  # canvas pixels per image pixel along a side: painted large, then averaged
TEXTURE = 5  # cells of the background along a side
STROKES = 4
SPECKS = 12
NOISE = 8  # grey levels, at most, up or down
SHADE = 16  # levels by which a thing's paint differs from its color's
TILT = 0.12  # radians, at most


def _ring(corners: int, radius: float, start: float) -> list[tuple[float, float]]:
    angles = (start + 2 * math.pi * corner / corners for corner in range(corners))
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _star() -> list[tuple[float, float]]:
    outer, inner = _ring(5, 1.0, -math.pi / 2), _ring(5, 0.42, -math.pi / 2 + math.pi / 5)
    return [point for pair in zip(outer, inner, strict=True) for point in pair]


def _cross() -> list[tuple[float, float]]:
    long, wide = 0.94, 0.32
    corners = [(wide, -long), (wide, -wide), (long, -wide)]
    for _ in range(3):
        corners += [(-y, x) for x, y in corners[-3:]]
    return corners


OUTLINE: Mapping[Shape, list[tuple[float, float]]] = {
    Shape.CIRCLE: _ring(24, 0.9, 0.0),
    Shape.SQUARE: _ring(4, 1.0, math.pi / 4),
    Shape.TRIANGLE: _ring(3, 1.0, -math.pi / 2),
    Shape.DIAMOND: [(0.0, -1.0), (0.62, 0.0), (0.0, 1.0), (-0.62, 0.0)],
    Shape.STAR: _star(),
    Shape.CROSS: _cross(),
}
"""Corners of each shape in the unit circle, y downwards."""


def render(scene: Scene) -> NDArray[np.uint8]:
    """The image of a scene, (IMAGE_SIZE, IMAGE_SIZE, 3) uint8 RGB: the same scene, the same pixels."""
    rng = np.random.default_rng(scene.clutter)
    canvas = _background(rng)
    draw = ImageDraw.Draw(canvas)
    _clutter(draw, rng)
    tilts = rng.uniform(-TILT, TILT, len(scene.things))
    shades = rng.integers(-SHADE, SHADE + 1, (len(scene.things), 3))
    for thing, tilt, shade in zip(scene.things, tilts, shades, strict=True):
        draw.polygon(_corners(thing, float(tilt)), fill=_paint(PAINT[thing.color], shade))
    pixels = np.asarray(canvas.reduce(SCALE), dtype=np.int16)
    noise = rng.integers(-NOISE, NOISE + 1, pixels.shape, dtype=np.int16)
    image: NDArray[np.uint8] = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    return image


def _background(rng: np.random.Generator) -> Image.Image:
    """Blurred patches around one dull tone."""
    tone = rng.integers(60, 150) + rng.integers(-16, 17, 3)
    cells = (tone + rng.integers(-28, 29, (TEXTURE, TEXTURE, 3))).astype(np.uint8)
    side = IMAGE_SIZE * SCALE
    return Image.fromarray(cells).resize((side, side), Image.Resampling.BILINEAR)


def _clutter(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    """Thin strokes in any tone, and specks too small to be things in the things' own colors."""
    side = IMAGE_SIZE * SCALE
    ends, tones = rng.integers(0, side, (STROKES, 4)), rng.integers(30, 220, (STROKES, 3))
    for end, tone in zip(ends.tolist(), tones.tolist(), strict=True):
        draw.line(end, fill=tuple(tone), width=SCALE)
    paints = list(PAINT.values())
    for x, y, paint, radius in rng.integers((0, 0, 0, 1), (side, side, len(paints), 3), (SPECKS, 4)).tolist():
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=paints[paint])


def _corners(thing: Thing, tilt: float) -> list[tuple[float, float]]:
    """The outline on the canvas, turned by `tilt` radians."""
    across, down = thing.radius * SCALE * math.cos(tilt), thing.radius * SCALE * math.sin(tilt)
    return [
        (thing.x * SCALE + x * across - y * down, thing.y * SCALE + x * down + y * across)
        for x, y in OUTLINE[thing.shape]
    ]


def _paint(color: tuple[int, int, int], shade: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(np.clip(np.add(color, shade), 0, 255).tolist())
