"""`twinsieve merge`: a folder that answers as before, with fewer parameters, or one clear line."""

import re
from pathlib import Path

from models.slim import load_slim
from tests.models.test_merging import exported
from tests.networks import TINY
from tests.service.commands import Cli, assert_mistake


def test_a_model_is_merged(cli: Cli, tmp_path: Path) -> None:
    folder, target = exported(tmp_path / "model", TINY, ["lora:3", "bottleneck:4"]), tmp_path / "merged"
    done = cli("merge", folder, target)
    assert done.code == 0
    found = re.fullmatch(rf"{target}: modules 6 -> 3, parameters ([\d,]+) -> ([\d,]+)\n", done.out)
    assert found is not None
    before, after = (int(number.replace(",", "")) for number in found.groups())
    assert after < before
    assert len(load_slim(target).carried.by_place) == 3
    assert_mistake(cli("merge", folder, target), "exists; give a folder that does not")


def test_a_model_with_nothing_to_merge(cli: Cli, tmp_path: Path) -> None:
    folder, target = exported(tmp_path / "model", TINY, ["bottleneck:4"]), tmp_path / "merged"
    assert_mistake(cli("merge", folder, target), "nothing to merge", "bottleneck:4")
    assert not target.exists()
    assert_mistake(cli("merge", tmp_path / "absent", target), "no folder")
