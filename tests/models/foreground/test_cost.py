"""What a provider costs is known without torch, and a detector's folder must say it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from models.foreground.boxes_file import write_boxes
from models.foreground.cost import HEAD_BYTES, ForegroundCost, foreground_cost, write_cost
from models.foreground.provider import Box


def test_nobody_and_saliency_cost_nothing(tmp_path: Path) -> None:
    for root in (None, tmp_path):
        assert foreground_cost("none", root) == foreground_cost("saliency", root) == ForegroundCost(0, 0)


@pytest.mark.parametrize("images", [0, HEAD_BYTES])
def test_boxes_cost_what_finding_them_took(tmp_path: Path, images: int) -> None:
    """Whatever stands between, and wherever the numbers stand."""
    (tmp_path / "found").mkdir()
    boxes = {f"image-{number}": [Box(0, 0, 7, 9)] for number in range(images)} | {"macs": [Box(1, 2, 3, 4)]}
    write_boxes(tmp_path / "found" / "boxes.json", boxes, macs=123, parameters=45)
    assert foreground_cost("found", tmp_path) == ForegroundCost(123, 45)
    data = json.loads((tmp_path / "found" / "boxes.json").read_text())
    last = {name: data[name] for name in ("format", "images", "parameters", "macs")}
    (tmp_path / "found" / "boxes.json").write_text(json.dumps(last))
    assert foreground_cost("found", tmp_path) == ForegroundCost(123, 45)
    del last["macs"], last["parameters"]
    (tmp_path / "found" / "boxes.json").write_text(json.dumps(last))
    assert foreground_cost("found", tmp_path) == ForegroundCost(0, 0)


def test_a_detector_says_it_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "yolos").mkdir()
    (tmp_path / "yolos" / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"no cost\.json, .*`twinsieve patches cost yolos`"):
        foreground_cost("yolos", tmp_path)
    file = write_cost(tmp_path / "yolos", ForegroundCost(10**9, 6_000_000), height=480, width=640)
    assert foreground_cost("yolos", tmp_path) == ForegroundCost(10**9, 6_000_000)
    written = json.loads(file.read_text())
    for broken in ({**written, "macs": -1}, {**written, "macs": "many"}, {"format": written["format"]}):
        file.write_text(json.dumps(broken))
        with pytest.raises(ValueError, match=r"damaged: .*`twinsieve patches cost yolos`"):
            foreground_cost("yolos", tmp_path)


def test_a_name_is_no_path_and_the_known_ones_are_listed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    write_boxes(tmp_path / "outside" / "boxes.json", {})
    root = tmp_path / "root"
    root.mkdir()
    for name in ("../outside", "nobody", ""):
        with pytest.raises(ValueError, match="registered: none, saliency"):
            foreground_cost(name, root)
    with pytest.raises(ValueError, match="TWINSIEVE_FOREGROUNDS, which is not set"):
        foreground_cost("nobody", None)
    with pytest.raises(ValueError, match=f"twinsieve patches shapes-truth {root}"):
        foreground_cost("shapes-truth", root)


def test_no_torch_is_loaded() -> None:
    script = "import sys, models.foreground.cost; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
