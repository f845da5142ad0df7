"""What an installation sets reaches every process of it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from models.folders import Folders
from service.cli.composition import api_services, child_environment, driver_parts
from service.domain.quota import Quota
from service.settings import Settings
from tests.service.commands import Cli, assert_mistake

SECRET = "s" * 32


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


class TestSecrets:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        (tmp_path / "secret").write_text(f"  {SECRET}\n")
        return tmp_path / "secret"

    @pytest.mark.parametrize("name", ["DATABASE_URL", "WEBHOOK_SECRET", "RAY_TOKEN"])
    def test_from_a_file(self, name: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(f"TWINSIEVE_{name}_FILE", str(file))
        settings = Settings()
        assert getattr(settings, name.lower()) == SECRET
        assert SECRET not in repr(settings)
        given = child_environment(settings)
        assert SECRET not in given.values()  # it stays in its file
        for key, value in given.items():
            monkeypatch.setenv(key, value)
        assert Settings() == settings

    @pytest.mark.parametrize("name", ["DATABASE_URL", "WEBHOOK_SECRET", "RAY_TOKEN"])
    def test_both_forms_are_a_mistake(
        self, name: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
    ) -> None:
        monkeypatch.setenv(f"TWINSIEVE_{name}_FILE", str(file))
        monkeypatch.setenv(f"TWINSIEVE_{name}", SECRET)
        done = cli("keys", "ls", "--state-dir", tmp_path)
        assert_mistake(done, f"TWINSIEVE_{name}:", f"TWINSIEVE_{name}_FILE", "not both")
        assert SECRET not in done.err

    def test_a_file_that_is_not_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
        monkeypatch.setenv("TWINSIEVE_DATABASE_URL_FILE", str(tmp_path / "none"))
        done = cli("keys", "ls", "--state-dir", tmp_path)
        assert_mistake(done, "TWINSIEVE_DATABASE_URL:", str(tmp_path / "none"))

    @pytest.mark.parametrize("text", ["", " \n", "short"])
    def test_a_file_without_a_secret(self, text: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file.write_text(text)
        monkeypatch.setenv("TWINSIEVE_WEBHOOK_SECRET_FILE", str(file))
        with pytest.raises(ValidationError, match="webhook_secret"):
            Settings()

    def test_an_error_does_not_tell_a_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TWINSIEVE_RAY_TOKEN", "too-short")
        with pytest.raises(ValidationError) as refused:
            Settings()
        assert "too-short" not in str(refused.value)

    def test_they_reach_child_processes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = Settings(webhook_secret=SECRET, database_url="postgresql://u:p@h/d")
        for key, value in child_environment(settings).items():
            monkeypatch.setenv(key, value)
        assert Settings() == settings


def test_quotas_of_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().quota == Quota()
    monkeypatch.setenv("TWINSIEVE_QUOTA_QUEUED", "20")
    monkeypatch.setenv("TWINSIEVE_QUOTA_GPU_HOURS", "1.5")
    assert Settings().quota == Quota(queued=20, gpu_hours=1.5)


def test_a_bound_can_be_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINSIEVE_RATE_PER_MINUTE", "none")
    assert Settings().rate_per_minute is None
