"""The runner's exit code is 0 only where everything was compared and agrees."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.parity.__main__ import KINDS, main

FIXTURES = Path(__file__).parents[1] / "fixtures"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one kind that is quickly compared."""
    shutil.copytree(FIXTURES / "vqa_text", tmp_path / "given" / "vqa_text")
    return tmp_path / "given"


def run(folder: Path) -> tuple[int, str]:
    """Exit code and what was printed, line breaks taken out."""
    printed = io.StringIO()
    code = main([str(folder)], Console(file=printed, width=200))
    return code, " ".join(printed.getvalue().split())


def test_agreement(folder: Path) -> None:
    code, printed = run(folder)
    assert code == 0
    assert "vqa_text normaliser.glossary, differing of 300 0 0 within" in printed
    assert "vqa_text: 10 compared, 0 beyond their tolerance" in printed
    assert run(folder / "vqa_text") == (code, printed)


def test_one_changed_number(folder: Path) -> None:
    file = folder / "vqa_text" / "accuracy.json"
    data = json.loads(file.read_text())
    data["cases"][3]["accuracy_percent"] += 0.001
    file.write_text(json.dumps(data))
    code, printed = run(folder)
    assert code == 1
    assert "vqa_text accuracy.accuracy 0.001 1e-06 BEYOND" in printed
    assert "10 compared, 1 beyond their tolerance" in printed


def test_a_kind_that_cannot_be_compared_is_no_agreement(folder: Path) -> None:
    (folder / "vqa_text" / "zoo.json").write_text("{}")
    code, printed = run(folder)
    assert code == 1
    assert "10 compared" in printed
    assert "could not be compared: ValueError: zoo holds neither" in printed


def test_an_unknown_kind_is_no_agreement(folder: Path) -> None:
    (folder / "albef").mkdir()
    code, printed = run(folder)
    assert code == 1
    assert "albef: 0 compared, 0 beyond their tolerance; is no known kind" in printed


def test_nothing_compared_is_no_agreement(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.parity.vqa_text.compare", lambda _: iter(()))
    (tmp_path / "empty").mkdir()
    for given, said in ((folder, "holds nothing"), (tmp_path / "empty", "has none of"), (tmp_path / "no", "no folder")):
        code, printed = run(given)
        assert code == 1
        assert said in printed


def test_every_fixture_of_the_repository_is_of_a_known_kind() -> None:
    assert {each.name for each in FIXTURES.iterdir()} <= set(KINDS)


def test_the_command(folder: Path) -> None:
    """Its exit code is that of `main`."""
    (folder / "vqa_text" / "soft_score.json").write_text('{"1": 0.4}')
    command = [sys.executable, "-m", "tests.parity", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "1 beyond their tolerance" in done.stdout
    assert main([], Console(file=io.StringIO())) == 2
