"""The report that a search leaves in its folder."""

import json
import logging
from pathlib import Path

import pytest

from service.report.leaving import leave
from service.report.report import Report
from tests.service.report.made_source import made


def test_every_form_lies_beside_what_was_exported(tmp_path: Path) -> None:
    published = list[str]()
    leave(lambda: Report.of(made()), artifacts=tmp_path / "search", publish=published.append)
    folder = tmp_path / "search" / "report"
    assert published == ["report"]
    assert sorted(each.name for each in folder.iterdir()) == ["report.html", "report.json", "report.md", "report.tex"]
    assert json.loads((folder / "report.json").read_bytes())["name"] == "made"


def test_a_search_is_no_worse_without_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Report:
        raise ValueError("a spec of another time")

    with caplog.at_level(logging.ERROR):
        leave(broken, artifacts=tmp_path, publish=lambda _name: None)
    (tmp_path / "report").write_text("in the way")
    with caplog.at_level(logging.ERROR):
        leave(lambda: Report.of(made()), artifacts=tmp_path, publish=lambda _name: None)
    assert [each.getMessage().startswith("no report could be left") for each in caplog.records] == [True, True]
