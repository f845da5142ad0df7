"""Pictures that cannot or must not be decoded, and every colour mode of those that can."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from models.data import record
from models.data.errors import BadExampleError, Reason
from models.data.picture import read_picture
from models.data.record import FileImage


def png(width: int, height: int) -> bytes:
    """The head of a picture of any size; its pixels are not there."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("size", [(10_000, 9_000), (60_000, 60_000)])  # where Pillow warns, and where it refuses
def test_a_decompression_bomb_is_not_decoded(tmp_path: Path, size: tuple[int, int]) -> None:
    file = tmp_path / "bomb.png"
    file.write_bytes(png(*size))
    with pytest.raises(BadExampleError, match=r"bomb\.png has .* pixels; at most 89,478,485 are decoded") as caught:
        read_picture(FileImage(file))
    assert caught.value.reason is Reason.LARGE_IMAGE


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_not_decoded_where_warnings_are_no_errors(tmp_path: Path) -> None:
    file = tmp_path / "bomb.png"
    file.write_bytes(png(10_000, 9_000))
    with pytest.raises(BadExampleError, match="has 10000x9000 pixels"):
        read_picture(FileImage(file))


def test_an_encoded_image_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MAX_IMAGE_BYTES", 100)
    file = tmp_path / "large.png"
    file.write_bytes(png(1, 1) + b" " * 100)
    with pytest.raises(BadExampleError, match=r"large\.png has 1\d\d bytes; at most 100 are read"):
        read_picture(FileImage(file))


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"%!PS-Adobe-3.0 EPSF-3.0", png(4, 4)])
def test_what_is_no_picture_is_damaged(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "image.png"
    file.write_bytes(content)
    with pytest.raises(BadExampleError, match=r"image\.png is truncated or no picture") as caught:
        read_picture(FileImage(file))
    assert caught.value.reason is Reason.DAMAGED_IMAGE


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16"])
def test_every_colour_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    encoded = io.BytesIO()
    Image.new(mode, (4, 3)).save(encoded, "JPEG" if mode == "CMYK" else "PNG")
    file = tmp_path / "image"
    file.write_bytes(encoded.getvalue())
    opened = read_picture(FileImage(file))
    assert (opened.mode, opened.size) == ("RGB", (4, 3))
