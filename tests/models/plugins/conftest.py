"""A folder that packages are found in as long as a test runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.plugins import installed


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder; whatever was found before is forgotten, and so is what this test finds."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    installed._found.cache_clear()
    yield folder
    installed._found.cache_clear()
