"""Arrow and raw readers, and the writer, equal the original writers and data sets; and the check can fail."""

import json
import shutil
from pathlib import Path

import pytest

from tests.parity.arrow import compare

FIXTURE = Path(__file__).parents[1] / "fixtures" / "arrow"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURE, tmp_path / "arrow"))


def differing(folder: Path) -> list[str]:
    return [comparison.name for comparison in compare(folder) if not comparison.within]


def test_all_of_the_fixture_is_equal() -> None:
    comparisons = list(compare(FIXTURE))
    assert len(comparisons) == len({comparison.name for comparison in comparisons}) == 156
    assert [comparison.name for comparison in comparisons if not comparison.within] == []


def test_another_score_is_seen(copied: Path) -> None:
    file = copied / "expected.json"
    expected = json.loads(file.read_text())
    expected["vqav2"]["train"][0]["scores"][0] += 0.1
    file.write_text(json.dumps(expected))
    assert differing(copied) == ["vqav2/train/0"]


def test_another_raw_answer_is_seen(copied: Path) -> None:
    file = next(copied.rglob("v2_mscoco_val2014_annotations.json"))
    file.write_text(file.read_text().replace('"answer": "no"', '"answer": "nay"', 1))
    assert differing(copied) == ["vqav2/raw/val/203", "vqav2/written/val/203"]


def test_another_pixel_is_seen(copied: Path) -> None:
    image = next(copied.rglob("dev-3-0-img1.png"))
    image.write_bytes(image.read_bytes()[:-1] + b"?")
    parts = ("dev", "balanced_dev", "unbalanced_dev")
    assert differing(copied) == [f"nlvr2/{name}/{part}/dev-3-0" for part in parts for name in ("raw", "written")]


def test_what_cannot_be_compared_is_said(copied: Path, tmp_path: Path) -> None:
    shutil.rmtree(next(copied.rglob("karpathy")))
    with pytest.raises(ValueError, match="expected one raw folder of f30k, found 0"):
        list(compare(copied))
    with pytest.raises(ValueError, match=r"expected.json is missing"):
        list(compare(tmp_path))
