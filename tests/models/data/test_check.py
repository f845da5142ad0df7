"""What a check of a folder reports: what is there, what is damaged, what is missing, and whether it can be used."""

import json
from pathlib import Path

import pytest

from models.data.check import DataReport, check_folder
from models.data.convert import convert
from models.data.errors import DataError, Reason
from models.data.skips import Skips
from tests.models.data.raw_world import (
    CAPTION_SIZES,
    NLVR2_SIZES,
    VQA_SIZES,
    write_captions,
    write_nlvr2,
    write_vqa,
)


def check(folder: Path, images: int | None = None) -> list[DataReport]:
    return check_folder(folder, images=images, report=lambda *_: None)


def test_a_whole_data_set_is_usable(tmp_path: Path) -> None:
    write_vqa(tmp_path, VQA_SIZES)
    (report,) = check(tmp_path)
    assert (report.kind, report.format, report.task) == ("vqav2", "raw", "vqa")
    assert {part.part: (part.rows, part.texts, part.examined) for part in report.parts} == {
        "train": (12, 36, 12),
        "val": (6, 18, 6),
        "test": (2, 6, 2),
        "test-dev": (1, 3, 1),
    }
    assert (report.absent, report.remarks, report.unusable) == ((), (), ())
    assert json.loads(json.dumps(report.to_json()))["parts"][0]["rows"] == 12


def test_every_data_set_of_a_folder_in_each_format_is_reported(tmp_path: Path) -> None:
    write_nlvr2(write_vqa(tmp_path, VQA_SIZES), NLVR2_SIZES)
    write_captions(write_captions(tmp_path, CAPTION_SIZES), CAPTION_SIZES | {"restval": 1}, coco=True)
    convert(tmp_path, tmp_path, skips=Skips(), report=lambda *_: None)
    reports = check(tmp_path, images=0)
    assert [f"{report.kind} {report.format}" for report in reports] == [
        f"{kind} {stored}" for kind in ("vqav2", "nlvr2", "f30k", "coco") for stored in ("arrow", "raw")
    ]
    assert not any(report.unusable or report.remarks for report in reports)
    absent = {report.kind: report.absent for report in reports}
    assert absent["vqav2"] == absent["f30k"] == absent["coco"] == ()
    assert len(absent["nlvr2"]) == 4  # the balanced and unbalanced ones


def test_damaged_and_missing_images_are_counted(tmp_path: Path) -> None:
    write_nlvr2(tmp_path, NLVR2_SIZES)
    (tmp_path / "dev" / "dev-0-0-img1.png").write_bytes(b"no picture")
    (tmp_path / "dev" / "dev-1-0-img0.png").unlink()
    (report,) = check(tmp_path)
    part = next(part for part in report.parts if part.part == "dev")
    assert (part.rows, part.missing, part.damaged, part.examined) == (5, 1, 1, 5)
    assert "dev-1-0-img0.png is missing" in part.first[Reason.MISSING_IMAGE]
    assert report.unusable == ()


def test_only_as_many_images_are_decoded_as_asked(tmp_path: Path) -> None:
    write_captions(tmp_path, CAPTION_SIZES)
    last = list((tmp_path / "flickr30k-images").iterdir())
    for file in last:
        file.write_bytes(b"no picture")
    heard: list[tuple[str, int, int]] = []
    (report,) = check_folder(tmp_path, images=2, report=lambda *about: heard.append(about))
    assert [(part.examined, part.damaged) for part in report.parts] == [(2, 2)] * 3
    assert heard[:3] == [("f30k train", 1, 2), ("f30k train", 2, 2), ("f30k val", 1, 2)]


def test_a_part_that_is_needed_but_absent_makes_it_unusable(tmp_path: Path) -> None:
    write_nlvr2(tmp_path, {"train": 4, "dev": 1})
    (report,) = check(tmp_path)
    assert report.absent[0] == "test1"
    assert len(report.unusable) == 1
    assert "nlvr2 test1 is not whole" in report.unusable[0]
    assert "lay it out as" in report.unusable[0]


def test_a_part_without_one_usable_row_makes_it_unusable(tmp_path: Path) -> None:
    write_nlvr2(tmp_path, NLVR2_SIZES)
    for file in (tmp_path / "dev").iterdir():
        file.unlink()
    (report,) = check(tmp_path)
    assert report.unusable == ("nothing usable in dev",)


def test_an_absent_arrow_file_is_named(tmp_path: Path) -> None:
    raw = write_vqa(tmp_path / "raw", VQA_SIZES)
    convert(raw, tmp_path / "arrow", skips=Skips(), report=lambda *_: None)
    for name in ("val", "rest_val"):
        (tmp_path / "arrow" / f"vqav2_{name}.arrow").unlink()
    (report,) = check(tmp_path / "arrow")
    assert report.absent == ("val",)
    assert len(report.unusable) == 1
    assert "vqav2_val.arrow is missing" in report.unusable[0]


def test_a_torn_file_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    convert(write_nlvr2(tmp_path / "raw", NLVR2_SIZES), tmp_path, skips=Skips(), report=lambda *_: None)
    (tmp_path / "nlvr2_dev.arrow").write_bytes(b"ARROW1")
    (report,) = check(tmp_path)
    parts = {part.part: part for part in report.parts}
    assert "nlvr2_dev.arrow is torn" in (parts["dev"].error or "")
    assert (parts["train"].error, parts["train"].texts) == (None, 48)
    assert report.unusable[0] == parts["dev"].error


def test_images_in_two_parts_that_splits_draw_from_are_reported(tmp_path: Path) -> None:
    convert(write_nlvr2(tmp_path / "raw", NLVR2_SIZES), tmp_path, skips=Skips(), report=lambda *_: None)
    (tmp_path / "nlvr2_dev.arrow").write_bytes((tmp_path / "nlvr2_test1.arrow").read_bytes())
    (report,) = check(tmp_path)
    assert {part.part: part.skipped for part in report.parts} == {
        "train": {},
        "dev": {},
        "test1": {Reason.DUPLICATE: 6},
    }


def test_too_few_images_to_draw_splits_from_are_remarked(tmp_path: Path) -> None:
    write_vqa(tmp_path, {"train": 12, "val": 1})
    (report,) = check(tmp_path)
    assert report.remarks == ("val: 1 rows are too few for the 2 splits drawn from them",)


def test_nothing_is_found_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / "train2014").mkdir()
    assert check(tmp_path) == []
    with pytest.raises(DataError, match="is no folder"):
        check(tmp_path / "absent")
