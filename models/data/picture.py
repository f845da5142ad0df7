"""Encoded images as RGB pictures, within limits."""

import io

from PIL import Image

from models.data.errors import BadExampleError, Reason
from models.data.record import ImageSource

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")  # what Pillow decodes itself; others start programs or have no limit
MAX_PIXELS = 89_478_485  # Pillow's own limit, where it only warns; an RGB picture takes 256 MiB there


def read_picture(source: ImageSource) -> Image.Image:
    """The RGB picture at `source`, decoded.

    Raises:
        BadExampleError: it is missing, too large, truncated, or no picture.
    """
    data = source.read()
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise BadExampleError(Reason.LARGE_IMAGE, _too_many(source.name, f"{opened.width}x{opened.height}"))
            return opened.convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadExampleError(Reason.LARGE_IMAGE, _too_many(source.name, "so many")) from None
    except BadExampleError:
        raise
    except (OSError, ValueError, SyntaxError) as error:  # Pillow raises all of these
        message = f"image {source.name} is truncated or no picture: {error}; get it again, or skip bad examples"
        raise BadExampleError(Reason.DAMAGED_IMAGE, message) from None


def _too_many(name: str, size: str) -> str:
    return f"image {name} has {size} pixels; at most {MAX_PIXELS:,} are decoded: replace it, or skip bad examples"
