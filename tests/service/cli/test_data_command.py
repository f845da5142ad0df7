"""`twinsieve data`: what a user sees of a folder of data, and of its conversion."""

import json
from pathlib import Path

import pytest

from tests.models.data.raw_world import CAPTION_SIZES, NLVR2_SIZES, VQA_SIZES, write_captions, write_nlvr2, write_vqa
from tests.service.commands import Cli, assert_mistake


def test_a_folder_that_can_be_used(cli: Cli, tmp_path: Path) -> None:
    write_vqa(tmp_path, VQA_SIZES)
    done = cli("data", "check", tmp_path)
    assert done.code == 0
    assert "vqav2, raw files" in done.out
    assert ["train", "12", "36", "12", "0", "0"] in [line.split() for line in done.out.splitlines()]
    assert "usable for vqa" in done.out


def test_damage_is_said_with_its_first_example(cli: Cli, tmp_path: Path) -> None:
    write_captions(tmp_path, CAPTION_SIZES)
    (tmp_path / "flickr30k-images" / "30000.jpg").write_bytes(b"[bold]no picture")
    done = cli("data", "check", tmp_path, "--all")
    assert done.code == 0
    assert "val: 1 with image cannot be decoded (first: image" in done.out
    assert "30000.jpg is truncated or no picture" in done.out
    assert "cannot be decoded" not in cli("data", "check", tmp_path, "--images", 0).out


def test_nothing_usable_ends_with_a_code_of_its_own(cli: Cli, tmp_path: Path) -> None:
    done = cli("data", "check", tmp_path)
    assert done.code == 1
    assert "none of these data sets; lay one out as" in done.out
    for name in (
        "v2_OpenEnded_mscoco_{",
        "nlvr2/data/{",
        "dataset_flickr30k.json",
        "dataset_coco.json",
        "nlvr2_*.arrow",
    ):
        assert name in done.out
    write_nlvr2(tmp_path, {"train": 4})
    done = cli("data", "check", tmp_path)
    assert done.code == 1
    assert "not usable: nlvr2 dev is not whole" in done.out
    assert "not there or not whole: dev, test1, " in done.out


def test_plain_data_for_programs(cli: Cli, tmp_path: Path) -> None:
    write_nlvr2(tmp_path, NLVR2_SIZES)
    done = cli("data", "check", tmp_path, "--json", "--images", 1)
    (report,) = json.loads(done.out)["data"]
    assert done.code == 0
    assert (report["kind"], report["format"], report["unusable"]) == ("nlvr2", "raw", [])
    assert [part["examined"] for part in report["parts"]] == [1, 1, 1]
    assert json.loads(cli("data", "check", tmp_path / "images", "--json").out) == {"data": []}


def test_raw_data_is_converted(cli: Cli, tmp_path: Path) -> None:
    write_vqa(tmp_path / "raw", VQA_SIZES)
    done = cli("data", "convert", tmp_path / "raw", tmp_path / "arrow")
    assert done.code == 0
    assert f"{tmp_path / 'arrow' / 'vqav2_train.arrow'}: 12 rows" in done.out
    assert "nothing left out" in done.out
    assert "vqav2, arrow files" in cli("data", "check", tmp_path / "arrow").out


def test_bad_examples_stop_a_conversion_unless_they_are_skipped(cli: Cli, tmp_path: Path) -> None:
    write_nlvr2(tmp_path / "raw", NLVR2_SIZES)
    (tmp_path / "raw" / "dev" / "dev-0-0-img1.png").unlink()
    stopped = cli("data", "convert", tmp_path / "raw", tmp_path / "arrow")
    assert_mistake(stopped, "dev-0-0-img1.png is missing", "or skip bad examples")
    done = cli("data", "convert", tmp_path / "raw", tmp_path / "arrow", "--skip")
    assert done.code == 0
    assert "left out: 1 with image file missing (first: image dev-0-0-img1.png" in done.out


@pytest.mark.parametrize("command", ["check", "convert"])
def test_a_folder_that_is_none_is_a_mistake(cli: Cli, tmp_path: Path, command: str) -> None:
    to = [tmp_path / "arrow"] if command == "convert" else []
    done = cli("data", command, tmp_path / "absent", *to)
    assert_mistake(done, "absent")
