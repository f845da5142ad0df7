"""`twinsieve plugins` shows what is usable, and says in one line why something is not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.plugins import installed
from models.plugins.installed import PluginGroup
from tests.models.plugins.packages import package
from tests.service.commands import Cli

DATA = """
from models.plugins.data import DataPlugin
PLUGIN = DataPlugin(tasks=("vqa",), answers=("yes", "no"), examples="shown_data:examples")
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    installed._found.cache_clear()
    yield tmp_path
    installed._found.cache_clear()


def test_what_is_there(cli: Cli, packages: Path) -> None:
    entries = {"good": "shown_data:PLUGIN", "shapes": "shown_data:PLUGIN"}
    package(packages, "shown_data", DATA, {PluginGroup.DATA: entries}, version="1.2")
    done = cli("plugins")
    assert done.code == 0
    assert [line.split()[:5] for line in done.out.splitlines() if "good" in line] == [
        ["twinsieve.data", "good", "shown_data", "1.2", "usable"]
    ]
    rows = {row["name"]: row for row in json.loads(cli("plugins", "--json").out)}
    assert rows["good"]["problem"] is None
    assert rows["shapes"]["problem"] == (
        "plugin 'shapes' of shown_data 1.2 in twinsieve.data is left out: "
        "Twinsieve has one of that name; rename the entry point"
    )
