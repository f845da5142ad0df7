"""A patch preview as a worker leaves it, made of numbers that are easy to check."""

import io
from pathlib import Path

from PIL import Image

from models.patch_preview import FILE, Keep, PatchPreview, PreviewImage, picture_name

SIDE, SIZE = 6, 8  # patches along a side; pixels of one
PATCHES = SIDE * SIDE


def preview(**keep: object) -> PatchPreview:
    """Three images: with a foreground in the middle, with none of it, and one at which nobody looked."""
    chosen = Keep.model_validate({"ratio": 0.5, "after_block": 2, "mode": "ipf", "foreground": 0.7} | keep)
    middle = tuple(1.0 if 1 <= place % SIDE <= 3 and 1 <= place // SIDE <= 3 else 0.25 for place in range(PATCHES))
    images = (
        _image("what color is the circle ?", middle),
        _image("<img src=x onerror=alert(1)>", (0.0,) * PATCHES),
        _image("", None),
    )
    return PatchPreview(patch_size=SIZE, filtered=chosen.ratio < 1, keep=chosen, foreground="saliency", images=images)


def _image(text: str, foreground: tuple[float, ...] | None) -> PreviewImage:
    scores = tuple((7 * place % PATCHES) / PATCHES - 0.25 for place in range(PATCHES))
    order = tuple(5 * place % PATCHES for place in range(PATCHES))
    return PreviewImage(
        text=text, rows=SIDE, columns=SIDE, scores=scores, foreground=foreground, order=order, kept=tuple(range(18))
    )


def write_preview(folder: Path, made: PatchPreview) -> None:
    """The preview's folder, with a picture for each image."""
    folder.mkdir(parents=True)
    (folder / FILE).write_text(made.model_dump_json())
    for number in range(len(made.images)):
        (folder / picture_name(number)).write_bytes(png(number))


def png(number: int) -> bytes:
    """A picture of one colour."""
    side, shade = SIDE * SIZE, 60 * (number + 1)
    out = io.BytesIO()
    Image.new("RGB", (side, side), (shade, 90, 255 - shade)).save(out, "PNG")
    return out.getvalue()
