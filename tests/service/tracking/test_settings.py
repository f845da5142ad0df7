"""Which trackers an installation has is a setting; what is wrong with it is one line."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.cli.composition import child_environment
from service.settings import Settings
from service.tracking.opening import open_trackers
from tests.service.commands import Cli, assert_mistake


def test_none_by_default(tmp_path: Path) -> None:
    assert not open_trackers(Settings(state_dir=tmp_path))


def test_both_reach_a_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINSIEVE_TRACKERS", "mlflow, tensorboard")
    monkeypatch.setenv("TWINSIEVE_MLFLOW_URI", "http://user:hunter2@127.0.0.1:1")
    settings = Settings(state_dir=tmp_path)
    assert set(open_trackers(settings)) == {"tensorboard", "mlflow"}
    assert settings.tensorboard == tmp_path / "tensorboard"
    assert "hunter2" not in repr(settings)
    for name, value in child_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_mistakes(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINSIEVE_TRACKERS", "wandb")
    assert_mistake(cli("keys", "ls"), "TWINSIEVE_TRACKERS: Value error, no tracker 'wandb'; there are")
    monkeypatch.setenv("TWINSIEVE_TRACKERS", "mlflow")
    assert_mistake(cli("keys", "ls"), "TWINSIEVE_MLFLOW_URI: Value error, TWINSIEVE_TRACKERS names mlflow")
    with pytest.raises(ValidationError):
        Settings(trackers="mlflow,,other", mlflow_uri="http://127.0.0.1")
