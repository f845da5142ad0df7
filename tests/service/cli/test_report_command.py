"""`twinsieve report`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.api.services import Services
from tests.page.rows import made
from tests.service.commands import Cli, assert_mistake
from tests.service.serving import serving


@pytest.fixture
def search_id(services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    with serving(services) as address:
        monkeypatch.setenv("TWINSIEVE_SERVER", address)
        yield made(services.store, candidates=16)


def test_a_page_in_the_folder_where_one_stands(cli: Cli, search_id: str) -> None:
    done = cli("report", search_id)
    assert (done.code, done.out) == (0, f"report-{search_id}.html: open it in a browser\n")
    assert Path(f"report-{search_id}.html").read_text().startswith("<!doctype html>")


def test_tables_on_the_terminal(cli: Cli, search_id: str) -> None:
    assert "| no-skip adapters |" in cli("report", search_id, "--format", "md").out
    assert r"\begin{tabular}" in cli("report", search_id, "--format", "tex").out
    assert json.loads(cli("report", search_id, "--format", "json").out)["id"] == search_id
    assert list(Path().glob("report-*")) == []


def test_a_file_of_ones_own(cli: Cli, search_id: str) -> None:
    done = cli("report", search_id, "--format", "tex", "--output", "table.tex")
    assert (done.code, done.out) == (0, "table.tex: written\n")
    assert Path("table.tex").read_bytes() == cli("report", search_id, "--format", "tex", "-o", "-").out.encode()


def test_mistakes(cli: Cli, search_id: str) -> None:
    assert_mistake(cli("report", "01M0000000000000000000NONE"), "01M0000000000000000000NONE")
    assert_mistake(cli("report", search_id, "--format", "pdf"), "pdf")
    assert_mistake(cli("report", search_id, "-o", "no/such/folder.html"), "cannot write no/such/folder.html")
