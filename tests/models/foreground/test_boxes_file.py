"""Boxes in a file: what is written is read, and what is wrong is said in one line."""

import json
from pathlib import Path

import pytest

from models.foreground import boxes_file
from models.foreground.boxes_file import FORMAT, read_boxes, write_boxes
from models.foreground.provider import Box, ForegroundError
from tests.models.foreground.pictures import plain


def test_what_is_written_is_read(tmp_path: Path) -> None:
    images = {"a": [Box(0.5, 1, 2.25, 3, 0.3), Box(0, 0, 1, 1)], "b": []}
    (tmp_path / "boxes.part").write_text("another's")
    write_boxes(tmp_path / "boxes.json", images, macs=4, parameters=9, milliseconds=12.5)
    read = read_boxes(tmp_path / "boxes.json")
    assert {name: list(read.boxes(plain(name))) for name in images} == images
    assert (read.macs(480, 640), read.parameters, read.milliseconds) == (4, 9, 12.5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boxes.json", "boxes.part"]
    assert (tmp_path / "boxes.part").read_text() == "another's"


def test_the_documented_format_is_enough(tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text(json.dumps({"format": FORMAT, "images": {"7": [[1, 2, 3, 4, 0.5]]}}))
    read = read_boxes(tmp_path / "boxes.json")
    assert read.boxes(plain("7")) == [Box(1, 2, 3, 4, 0.5)]
    assert (read.macs(1, 1), read.parameters, read.milliseconds) == (0, 0, None)


def test_an_image_that_nobody_looked_at_is_a_mistake(tmp_path: Path) -> None:
    write_boxes(tmp_path / "boxes.json", {"a": []})
    with pytest.raises(ForegroundError, match=r"image 'b' is not among the 1 of boxes\.json"):
        read_boxes(tmp_path / "boxes.json").boxes(plain("b"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[", "the file"),
        ("[]", "the file"),
        ("{}", "format"),
        ({"format": "other/1", "images": {}}, "format"),
        ({"format": FORMAT}, "images"),
        ({"format": FORMAT, "images": {}, "more": 1}, "more"),
        ({"format": FORMAT, "images": {"a": 1}}, r"images\.a"),
        ({"format": FORMAT, "images": {"a": [[1, 2, 3, 4]]}}, r"images\.a\.0"),
        ({"format": FORMAT, "images": {"a": [[1, 2, 3, "4", 1]]}}, r"images\.a\.0\.3"),
        ({"format": FORMAT, "images": {"a": [[3, 2, 1, 4, 1]]}}, "left <= right"),
        ({"format": FORMAT, "images": {"a": [[1, 2, 3, float("nan"), 1]]}}, r"images\.a\.0"),
        ({"format": FORMAT, "images": {"a": [[1, 2, 3, 4, 1]] * 1001}}, r"images\.a"),
        ({"format": FORMAT, "macs": -1, "images": {}}, "macs"),
        ({"format": FORMAT, "milliseconds": -1, "images": {}}, "milliseconds"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: object, expected: str) -> None:
    file = tmp_path / "boxes.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ForegroundError, match=expected) as raised:
        read_boxes(file)
    assert str(raised.value).startswith("boxes.json is no boxes file of format twinsieve-boxes/1")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_too_large_or_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ForegroundError, match="cannot be read"):
        read_boxes(tmp_path / "boxes.json")
    write_boxes(tmp_path / "boxes.json", {"a": [Box(0, 0, 1, 1)] * 10})
    monkeypatch.setattr(boxes_file, "MAX_BYTES", 100)
    with pytest.raises(ForegroundError, match="at most 100 are read"):
        read_boxes(tmp_path / "boxes.json")
