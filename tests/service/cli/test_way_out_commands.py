"""`twinsieve onnx` and `twinsieve transformers`: folders for other runtimes, or one clear line."""

import json
from pathlib import Path

from models.architecture import PatchKeep, PatchMode
from tests.models.formats.exports import exported
from tests.service.commands import Cli, assert_mistake


def test_onnx(cli: Cli, tmp_path: Path) -> None:
    exported(tmp_path / "model", dropped=(1,))
    done = cli("onnx", tmp_path / "model", tmp_path / "onnx", "--batch", 2)
    assert done.code == 0, done.err
    assert str(tmp_path / "onnx" / "model.onnx") in done.out
    assert "differ by at most" in done.out
    assert_mistake(cli("onnx", tmp_path / "model", tmp_path / "onnx"), "exists; give a folder that does not")
    done = cli("onnx", tmp_path / "model", tmp_path / "other", "--json")
    assert json.loads(done.out)["inputs"]["pixel_values"] == [1, 1, 3, 48, 48]


def test_onnx_that_cannot_be(cli: Cli, tmp_path: Path) -> None:
    exported(tmp_path / "model", patches=PatchKeep(0.5, 1, PatchMode.RANDOM))
    assert_mistake(cli("onnx", tmp_path / "model", tmp_path / "onnx"), "cannot be written as ONNX", "at random")
    assert_mistake(cli("onnx", tmp_path / "model", tmp_path / "onnx", "--height", 32), "both --height and --width")
    assert_mistake(cli("onnx", tmp_path / "absent", tmp_path / "onnx"), "no folder")
    assert not (tmp_path / "onnx").exists()


def test_transformers(cli: Cli, tmp_path: Path) -> None:
    exported(tmp_path / "model", modules=("lora:2",))
    done = cli("transformers", tmp_path / "model", tmp_path / "theirs")
    assert done.code == 0, done.err
    assert "transformers.ViltForQuestionAnswering, 3 layers" in done.out
    assert str(tmp_path / "theirs" / "adapter") in done.out
    done = cli("transformers", tmp_path / "model", tmp_path / "other", "--json")
    assert json.loads(done.out)["adapter"] is True


def test_transformers_that_cannot_be(cli: Cli, tmp_path: Path) -> None:
    exported(tmp_path / "model", modules=("bottleneck:2",))
    assert_mistake(cli("transformers", tmp_path / "model", tmp_path / "theirs"), "no modules such as bottleneck:2")
    assert not (tmp_path / "theirs").exists()
