"""Files that are torn, hostile or of another model are refused with a clear word, and nothing in them runs."""

import collections
import json
import logging
import os
import pickle
import shutil
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from models.checkpoints import load_network, save_network
from models.formats.lightning import CheckpointError
from tests.networks import random_network

CKPT = Path(__file__).parent.parent / "fixtures" / "vilt" / "vqa.ckpt"


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    save_network(tmp_path / "net", random_network(), provenance={})
    return tmp_path / "net"


class Hostile:
    """Runs a command when it is unpickled the ordinary way."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


class Exec:
    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self.code,)


@pytest.mark.parametrize("place", ["callbacks", "hyper_parameters", "state_dict"])
@pytest.mark.parametrize("kind", ["command", "code"])
def test_a_hostile_pickle_is_never_called(tmp_path: Path, place: str, kind: str) -> None:
    mark = tmp_path / "ran"
    attack: object = Hostile(f"touch {mark}") if kind == "command" else Exec(f"open({str(mark)!r}, 'w').close()")
    from models.formats.lightning import read_lightning

    content = {"state_dict": collections.OrderedDict(weight=torch.ones(2)), place: {"x": attack}}
    torch.save(content, tmp_path / "hostile.ckpt")
    with pytest.raises(CheckpointError, match="no tensors") if place == "state_dict" else nullcontext():
        read_lightning(tmp_path / "hostile.ckpt")
    assert not mark.exists()
    torch.load(tmp_path / "hostile.ckpt", weights_only=False)  # the attack is real: the ordinary way runs it
    assert mark.exists()


def test_a_class_that_exists_nowhere_is_never_imported(caplog: pytest.LogCaptureFixture) -> None:
    """The reference file names a class of a package that exists nowhere; it loads all the same."""
    with caplog.at_level(logging.INFO):
        network = load_network(CKPT)
    assert network.config.heads == 4  # from the hyper-parameters, not from a guess
    assert len(network.config.sub_layers) == 2 * 3
    assert "text_embeddings.position_ids" in caplog.text


def test_torn_files_are_refused(tmp_path: Path, ours: Path) -> None:
    torn = tmp_path / "torn.ckpt"
    torn.write_bytes(CKPT.read_bytes()[: CKPT.stat().st_size // 2])
    with pytest.raises(CheckpointError, match="cut short"):
        load_network(torn)
    weights = ours / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="torn or no safetensors file"):
        load_network(ours)


def test_a_torn_pickle_inside_a_whole_archive_is_refused(tmp_path: Path) -> None:
    torn = tmp_path / "torn.ckpt"
    with zipfile.ZipFile(CKPT) as source, zipfile.ZipFile(torn, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[: len(content) // 2] if name.endswith("data.pkl") else content)
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        load_network(torn)


def test_other_pickles_and_archives_are_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain.ckpt"
    plain.write_bytes(pickle.dumps({"state_dict": {}}))
    with pytest.raises(CheckpointError, match="no zip archive"):
        load_network(plain)
    with zipfile.ZipFile(tmp_path / "small.ckpt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", b"0" * 10_000)
    with pytest.raises(CheckpointError, match="compressed"):
        load_network(tmp_path / "small.ckpt")
    torch.save({"epoch": 1}, tmp_path / "no_state.ckpt")
    with pytest.raises(CheckpointError, match="no 'state_dict'"):
        load_network(tmp_path / "no_state.ckpt")


def test_a_missing_and_an_unexpected_key_are_named(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    state = load_file(CKPT.with_suffix(".safetensors"))
    del state["pooler.dense.bias"]
    torch.save({"state_dict": state}, tmp_path / "missing.ckpt")
    with pytest.raises(CheckpointError, match=r"missing keys: pooler\.bias"):
        load_network(tmp_path / "missing.ckpt", heads=4)
    state["pooler.dense.bias"] = torch.zeros(32)
    state["another.model.weight"] = torch.zeros(1)
    torch.save({"state_dict": state}, tmp_path / "unexpected.ckpt")
    with pytest.raises(CheckpointError, match=r"unexpected keys.*another\.model\.weight"):
        load_network(tmp_path / "unexpected.ckpt", heads=4)


def test_a_wrong_shape_says_expected_and_actual(ours: Path) -> None:
    config = json.loads((ours / "config.json").read_text())
    config["backbone"]["ffn_size"] = 60
    (ours / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"shape \(64, 16\), expected \(60, 16\)"):
        load_network(ours)


def test_an_unknown_size_in_the_config_is_named(ours: Path) -> None:
    config = json.loads((ours / "config.json").read_text())
    config["backbone"]["depth"] = 60
    (ours / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="has no depth"):
        load_network(ours)


def test_a_folder_of_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(CheckpointError, match="neither"):
        load_network(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="torn or no JSON"):
        load_network(tmp_path)


def test_saving_replaces_a_checkpoint_but_nothing_else(ours: Path, tmp_path: Path) -> None:
    save_network(ours, random_network(seed=1), provenance={})
    other = random_network(seed=1).backbone.state_dict()
    assert torch.equal(load_network(ours).backbone.state_dict()["pooler.weight"], other["pooler.weight"])
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError):
        save_network(tmp_path / "home", random_network(), provenance={})
    assert (tmp_path / "home" / "thesis.txt").exists()


def test_a_write_that_fails_leaves_the_old_checkpoint(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted((path.name, path.read_bytes()) for path in ours.iterdir())
    monkeypatch.setattr(shutil, "copyfile", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save_network(ours, random_network(seed=1), provenance={})
    assert sorted((path.name, path.read_bytes()) for path in ours.iterdir()) == before
    assert [path.name for path in ours.parent.iterdir()] == [ours.name]
