"""All four examples in one search of a real service: API, dispatcher, driver and Ray's workers find them."""

import os
from pathlib import Path

import pytest

from tests.end_to_end.service import Service
from tests.examples.conftest import ROOT, SPEC, Installed, run

EVERYTHING = {
    **SPEC,
    "backbone": "quick",
    "task": "counting",
    "data": "counted-shapes",
    "algorithm": {"name": "hill-climb", "neighbours": 3},
}


def test_a_search_over_rest(installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = installed("own-algorithm", "own-task", "own-data", "own-backbone")
    run(target, "-m", "own_backbone", tmp_path / "backbones" / "quick")
    monkeypatch.setenv("PYTHONPATH", f"{target}{os.pathsep}{ROOT}")
    with Service(tmp_path) as service:
        names = {each["name"] for each in service.request("GET", "/tasks").json()}
        assert "counting" in names
        search_id = service.submit(EVERYTHING)
        view = service.ended(search_id)
        assert view["status"] == "succeeded", f"{view['error']}\n{service.logs()}"
        listed = service.cli("plugins", "--json")
        refused = service.request("POST", "/searches", json={**EVERYTHING, "algorithm": {"name": "hill-climber"}})
    assert listed.returncode == 0, listed.stderr
    for name in ("hill-climb", "counting", "counted-shapes", "discs", "quick-vilt"):
        assert f'"{name}"' in listed.stdout
    assert "left out" not in listed.stdout
    assert refused.status_code == 422
