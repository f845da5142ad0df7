"""`twinsieve import`: a registered backbone that a search can start from, or one clear line."""

import json
from pathlib import Path

import pytest

from models.registry import BackboneRegistry
from tests.service.commands import Cli, assert_mistake

FIXTURES = Path(__file__).parents[2] / "fixtures"
METER, VILT = FIXTURES / "meter" / "vqa_48px.ckpt", FIXTURES / "vilt" / "vqa.ckpt"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWINSIEVE_BACKBONES", str(tmp_path / "backbones"))
    (tmp_path / "backbones").mkdir()
    return tmp_path / "backbones"


def test_a_checkpoint_becomes_a_backbone(cli: Cli, root: Path) -> None:
    done = cli("import", METER, "my-meter")
    assert done.code == 0, done.err
    for expected in ("original METER", "none missing", "not needed", "vqa", "12, by label id", "note: ", "my-meter"):
        assert expected in done.out
    assert BackboneRegistry(root).get("my-meter").config.max_text_length == 10
    assert_mistake(cli("import", METER, "my-meter"), "'my-meter' is registered", "another name")


def test_the_check_as_json_writes_nothing(cli: Cli, root: Path) -> None:
    done = cli("import", VILT, "vilt", "--check", "--json")
    assert done.code == 0, done.err
    check = json.loads(done.out)
    assert (check["name"], check["folder"], check["kind"]) == ("vilt", None, "original ViLT")
    assert check["dropped"]
    assert list(root.iterdir()) == []


def test_what_is_called_of_a_pickle_is_said(cli: Cli) -> None:
    assert "nothing but what torch's allow-list has" in " ".join(cli("import", "--help").out.split())


def test_where_it_goes_can_be_told(cli: Cli, tmp_path: Path) -> None:
    done = cli("import", VILT, "vilt", "--backbones", tmp_path / "elsewhere")
    assert done.code == 0, done.err
    assert BackboneRegistry(tmp_path / "elsewhere").get("vilt").answers


def test_mistakes_are_told(cli: Cli, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_mistake(cli("import", VILT, "../vilt"), "letters, digits")
    assert_mistake(cli("import", VILT, "shapes-vilt"), "'shapes-vilt' is registered")
    assert_mistake(cli("import", tmp_path / "absent", "vilt"), "there is no")
    assert_mistake(cli("import", VILT, "vilt", "--image-size", 80), "a ViLT reads images of any size")
    (tmp_path / "torn.ckpt").write_bytes(VILT.read_bytes()[:1000])
    assert_mistake(cli("import", tmp_path / "torn.ckpt", "vilt"), "cut short")
    monkeypatch.delenv("TWINSIEVE_BACKBONES")
    assert_mistake(cli("import", VILT, "vilt"), "TWINSIEVE_BACKBONES", "--backbones")
    assert list(root.iterdir()) == []
