"""What an installation sets reaches every process of it."""

from pathlib import Path

import pytest

from models.folders import Folders
from service.cli.composition import api_services, child_environment, driver_parts
from service.settings import Settings


def test_roots_are_the_same_wherever_a_process_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("BACKBONES", "DATA", "FOREGROUNDS"):
        monkeypatch.setenv(f"TWINSIEVE_{name}", name.lower())
    settings = Settings()
    assert settings.folders == Folders(data=tmp_path / "data", foregrounds=tmp_path / "foregrounds")
    given = child_environment(settings)
    for name in ("BACKBONES", "DATA", "FOREGROUNDS"):
        assert given[f"TWINSIEVE_{name}"] == str(tmp_path / name.lower())
        monkeypatch.setenv(f"TWINSIEVE_{name}", given[f"TWINSIEVE_{name}"])
    monkeypatch.chdir("/")
    assert Settings().folders == settings.folders


def test_without_them_only_what_ships_is_there() -> None:
    assert Settings(backbones=None, data=None, foregrounds=None).folders == Folders()
    assert "TWINSIEVE_DATA" not in child_environment(Settings(data=None))


def test_the_api_and_the_drivers_know_the_same_folders(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, data=tmp_path / "data", foregrounds=tmp_path / "foregrounds")
    assert api_services(settings).folders == settings.folders
    parts = driver_parts(settings, "0" * 26)
    assert parts.artifacts == settings.artifacts / ("0" * 26)
