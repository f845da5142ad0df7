"""`twinsieve.load`: an exported model answers in a few lines, with files or pictures, and says what it cannot do."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import twinsieve
from models.architecture import PatchKeep
from models.workload import TaskName
from tests.models.formats.exports import exported

QUESTION = "what color is the circle ?"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.new("RGB", (60, 40), "red").save(tmp_path / "red.png")
    return tmp_path / "red.png"


def test_a_question_about_a_picture(tmp_path: Path, picture: Path) -> None:
    model = twinsieve.load(exported(tmp_path / "model"))
    answers = model.predict(picture, QUESTION)
    assert model.task == "vqa"
    assert repr(model) == "LoadedModel(vqa, 6 of 6 sub-layers)"
    assert [each.score for each in answers] == sorted((each.score for each in answers), reverse=True)
    assert {each.text for each in answers} == set(model.slim.answers)
    with Image.open(picture) as opened:
        assert model(opened, [QUESTION], top=2) == answers[:2]
    assert model(str(picture), QUESTION, top=2) == answers[:2]


def test_two_pictures_and_texts_to_rank(tmp_path: Path, picture: Path) -> None:
    two = twinsieve.load(str(exported(tmp_path / "two", task=TaskName.NLVR2)))
    assert {each.text for each in two.predict([picture, picture], "both images show a circle")} == {"true", "false"}
    rank = twinsieve.load(exported(tmp_path / "rank", task=TaskName.RETRIEVAL))
    found = rank.predict(picture, ["a red circle", "a blue square"])
    assert sum(each.score for each in found) == pytest.approx(1)
    with pytest.raises(ValueError, match="one image, not 2"):
        rank.predict([picture, picture], ["a red circle"])
    with pytest.raises(ValueError, match=r"looks at 2 image\(s\), not 1"):
        two.predict(picture, "both images show a circle")


def test_what_cannot_be_answered(tmp_path: Path, picture: Path) -> None:
    model = twinsieve.load(exported(tmp_path / "model"))
    with pytest.raises(ValueError, match="takes one text, not 2"):
        model.predict(picture, [QUESTION, QUESTION])
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"text\.png is no picture"):
        model.predict(tmp_path / "text.png", QUESTION)
    with pytest.raises(ValueError, match="no folder"):
        twinsieve.load(tmp_path / "absent")


def test_a_filter_without_its_foreground(tmp_path: Path, picture: Path) -> None:
    folder = exported(tmp_path / "model", patches=PatchKeep(0.5, 1), foreground="found")
    with pytest.raises(ValueError, match="no foreground 'found' here"):
        twinsieve.load(folder).predict(picture, QUESTION)
    assert twinsieve.load(folder).predict(picture, QUESTION, fallback=True)


def test_importing_it_costs_no_torch() -> None:
    code = "import sys, twinsieve; twinsieve.load; print(sorted({'torch', 'transformers', 'ray'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_torch_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; import twinsieve\n"
        f"try: twinsieve.load({str(tmp_path)!r})\n"
        "except twinsieve.errors.MissingPackageError as error: print(error.name, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("torch running a model needs torch, which is not installed: install Twinsieve with")
    assert "pip install '.[workers]'" in done.stdout
