"""VQA text is that of its published code, and a changed value shows."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.parity.vqa_text import compare

FIXTURES = Path(__file__).parents[1] / "fixtures" / "vqa_text"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(FIXTURES, tmp_path / "vqa_text"))


def change(file: Path, edit: Callable[[Any], object]) -> None:
    data = json.loads(file.read_text())
    edit(data)
    file.write_text(json.dumps(data))


def test_every_value_is_the_published_codes() -> None:
    comparisons = list(compare(FIXTURES))
    assert len(comparisons) == 3 + 6 + 1
    assert [each for each in comparisons if not each.within] == []


@pytest.mark.parametrize(
    ("file", "edit", "shown_by"),
    [
        ("normaliser", lambda data: data[7].update(glossary="dog"), "normaliser.glossary, differing of 300 (first"),
        ("normaliser", lambda data: data[7].update(official_prediction="dog"), "normaliser.official_prediction"),
        ("soft_score", lambda data: data.update({"3": 1.0}), "soft_score, differing of 11 (first 3)"),
        ("accuracy", lambda data: data["cases"][0].update(accuracy_percent=0.001), "accuracy.accuracy"),
        ("accuracy", lambda data: data["cases"][0]["soft_scores"].update(two=0.9), "accuracy.soft_scores"),
        ("accuracy", lambda data: data.update(overall_percent=59.501), "accuracy.overall_percent"),
        ("accuracy", lambda data: data["per_answer_type"].update(number=59.0), "accuracy.per_answer_type"),
    ],
)
def test_one_changed_value_shows(folder: Path, file: str, edit: Callable[[Any], object], shown_by: str) -> None:
    change(folder / f"{file}.json", edit)
    (found,) = (each for each in compare(folder) if not each.within)
    assert found.name.startswith(shown_by)


def test_other_files_are_refused(folder: Path) -> None:
    (folder / "more.json").write_text('{"text": 3}')
    with pytest.raises(ValueError, match="more holds neither"):
        list(compare(folder))
    (folder / "more.json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read as JSON"):
        list(compare(folder))
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(ValueError, match="is empty"):
        list(compare(folder))
