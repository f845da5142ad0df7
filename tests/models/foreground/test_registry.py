"""Providers by name: built in, or folders under a root, and never a path."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.foreground.boxes_file import write_boxes
from models.foreground.coverage import BoxForeground
from models.foreground.names import foreground_names
from models.foreground.provider import Box, ForegroundError, Grid
from models.foreground.registry import open_foreground
from models.foreground.saliency import Saliency
from tests.models.foreground.pictures import plain
from tests.models.foreground.test_detector import yolos


def with_boxes(root: Path, name: str) -> None:
    (root / name).mkdir(parents=True)
    write_boxes(root / name / "boxes.json", {"image": [Box(0, 0, 48, 48)]})


def test_what_is_built_in_needs_no_root() -> None:
    assert foreground_names(None) == ("none", "saliency")
    assert open_foreground("none") is None
    assert isinstance(open_foreground("saliency"), Saliency)


def test_folders_are_providers(tmp_path: Path) -> None:
    with_boxes(tmp_path, "shapes-truth")
    yolos(tmp_path / "tiny")
    (tmp_path / "empty").mkdir()
    assert foreground_names(tmp_path) == ("none", "saliency", "shapes-truth", "tiny")
    for name, parameters in (("shapes-truth", 0), ("tiny", 1)):
        provider = open_foreground(name, tmp_path)
        assert isinstance(provider, BoxForeground)
        assert provider.parameters >= parameters
    cached = open_foreground("shapes-truth", tmp_path)
    assert cached is not None
    assert cached.coverage([plain()], Grid(1, 1, 48)).tolist() == [[1.0]]


@pytest.mark.parametrize("name", ["unknown", "../outside", "/etc", "inside/..", "", "."])
def test_a_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    with_boxes(tmp_path, "outside")
    with_boxes(tmp_path / "root", "inside")
    with pytest.raises(ForegroundError, match="registered: none, saliency, inside"):
        open_foreground(name, tmp_path / "root")


def test_the_true_boxes_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ForegroundError, match="twinsieve patches shapes-truth"):
        open_foreground("shapes-truth", tmp_path)


def test_names_need_no_torch() -> None:
    code = (
        "import sys; from models.foreground.names import foreground_names as names; "
        "names(None); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
