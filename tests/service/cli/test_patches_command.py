"""`twinsieve patches` as a user meets it."""

import json
from pathlib import Path

import pytest

from models.batch import Split
from models.foreground.boxes_file import read_boxes
from models.foreground.cost import ForegroundCost, foreground_cost
from models.foreground.detector import load_detector
from tests.models.foreground.pictures import plain
from tests.models.foreground.test_detector import yolos
from tests.service.commands import Cli, assert_mistake

SMALL = ("patches", "robustness", "--examples", 64)


def test_robustness_as_json(cli: Cli) -> None:
    done = cli(*SMALL, "--dropped", 1, "--shifted", 0, "--spurious", 0, "--ratio", 0.5, "--after-block", 2, "--json")
    assert done.code == 0
    report = json.loads(done.out)
    found = report["foregrounds"]
    assert list(found) == ["true boxes", "dropped 1", "shifted 0", "spurious 0", "none at all", "saliency"]
    assert report["keep"] == {"ratio": 0.5, "after_block": 2, "mode": "ipf", "foreground": 0.7}
    true, none = found["true boxes"], found["none at all"]
    assert found["shifted 0"] == found["spurious 0"] == true
    assert found["dropped 1"] == none
    assert (true["changed"], none["fallbacks"]) == (0.0, 1.0)
    assert true["recall"] > none["recall"] + 0.05
    assert 0 < none["changed"] < 0.5
    assert 0.2 < true["accuracy"] <= report["accuracy_unfiltered"]


def test_robustness_as_a_table(cli: Cli) -> None:
    lines = cli(*SMALL, "--dropped", 0.5, "--shifted", 1, "--spurious", 2).out.splitlines()
    assert [" ".join(line.split()[:2]) for line in lines[1:-1]] == [
        "true boxes",
        "dropped 0.5",
        "shifted 1",
        "spurious 2",
        "none at",
        "saliency " + lines[-2].split()[1],
    ]
    assert "64 questions" in lines[-1]


def test_faults_follow_their_seed(cli: Cli) -> None:
    def shifted(seed: int) -> dict[str, float]:
        out = cli(
            *SMALL, "--dropped", 0, "--shifted", 1, "--spurious", 0, "--seed", seed, "--examples", 16, "--json"
        ).out
        effect: dict[str, float] = json.loads(out)["foregrounds"]["shifted 1"]
        return effect

    first = shifted(0)
    assert shifted(0) == first != shifted(1)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--ratio", 0, "keep ratio"),
        ("--beta", 2, "[0, 1]"),
        ("--dropped", 1.5, "dropped"),
        ("--shifted", -1, "shifted"),
        ("--after-block", 12, "nothing follows"),
    ],
)
def test_a_setting_that_is_none(cli: Cli, option: str, value: float, expected: str) -> None:
    assert_mistake(cli(*SMALL, option, value), expected)


def test_true_boxes_of_the_world(cli: Cli, tmp_path: Path) -> None:
    done = cli("patches", "shapes-truth", tmp_path / "new", "--examples", 2, "--seed", 5)
    assert done.code == 0
    boxes = read_boxes(tmp_path / "new" / "shapes-truth" / "boxes.json")
    for split in Split:
        for image in ("vqa/{}/1/0", "nlvr2/{}/1/1", "retrieval/{}/0/0"):
            assert 2 <= len(boxes.boxes(plain(f"shapes/5/{image.format(split)}"))) <= 5
    assert f"boxes in {2 * len(Split) * 4} images" in done.out


def test_true_boxes_that_cannot_be_written(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "shapes-truth").write_text("no folder")
    assert_mistake(cli("patches", "shapes-truth", tmp_path, "--examples", 1), "cannot be written")
    assert_mistake(cli("patches", "shapes-truth", tmp_path, "--examples", 5000), "5000 examples asked of train")


def test_the_cost_of_a_detector(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is what the detector itself counts, and makes its foreground known."""
    monkeypatch.setenv("TWINSIEVE_FOREGROUNDS", str(tmp_path))
    yolos(tmp_path / "small")
    with pytest.raises(ValueError, match="twinsieve patches cost small"):
        foreground_cost("small", tmp_path)
    done = cli("patches", "cost", "small", "--height", 64, "--width", 96)
    assert done.code == 0, done.err
    detector = load_detector(tmp_path / "small")
    assert foreground_cost("small", tmp_path) == ForegroundCost(detector.macs(64, 96), detector.parameters)
    assert detector.macs(64, 96) > 0
    assert f"{detector.parameters:,} parameters" in done.out


def test_what_has_no_cost_to_count(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINSIEVE_FOREGROUNDS", str(tmp_path))
    assert_mistake(cli("patches", "cost", "nobody"), "no foreground 'nobody'", "there: none")
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "boxes.json").write_text("{}")
    assert_mistake(cli("patches", "cost", "boxes"), "boxes found once")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "config.json").write_text("torn {")
    assert_mistake(cli("patches", "cost", "torn"), "'torn' is no object detector")
