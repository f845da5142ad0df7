"""How `twinsieve` ends, what it suggests, and what shells complete."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from search.spec import SearchSpec
from service.api.services import Services
from service.domain.records import Status
from tests.service.commands import Cli, assert_mistake
from tests.service.serving import serving

SECONDS = 120.0


@pytest.fixture
def server(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(services) as address:
        monkeypatch.setenv("TWINSIEVE_SERVER", address)
        yield address


def test_they_are_documented(cli: Cli) -> None:
    said = " ".join(cli("--help").out.split())
    assert "Exit codes: 0 done; 1 the search ended otherwise than succeeded" in said
    assert "130 interrupted" in said
    assert "--install-completion" in said


@pytest.mark.parametrize(("status", "code"), [(Status.SUCCEEDED, 0), (Status.FAILED, 1)])
def test_how_a_search_ended(cli: Cli, server: str, services: Services, status: Status, code: int) -> None:
    search = services.store.searches.create(SearchSpec(), "1")
    lease = services.store.leases.claim()
    assert lease is not None
    services.store.leases.finish(lease, status, error="why" if status is Status.FAILED else None)
    assert cli("watch", search.id).code == code
    assert cli("watch", search.id, "--json").code == code


@pytest.mark.parametrize("command", ["watch", "events"])
def test_interrupted(server: str, services: Services, command: str) -> None:
    search = services.store.searches.create(SearchSpec(), "1")
    arguments = [sys.executable, "-m", "service.cli", command, search.id, "--json"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        first = running.stdout.readline()
        running.send_signal(signal.SIGINT if first else signal.SIGKILL)
        _, said = running.communicate(timeout=SECONDS)
    assert running.returncode == 130
    assert f"twinsieve {command} {search.id}" in said
    assert "Traceback" not in said
    assert services.store.searches.get(search.id).status is Status.QUEUED


def test_a_command_that_is_none(cli: Cli) -> None:
    assert_mistake(cli("sbmit"), "submit")
    assert_mistake(cli("ls", "--status", "runing"), "running")


@pytest.mark.parametrize(
    ("command", "loads"),
    [
        (["onnx", "model", "target"], "models.formats.onnx_folder"),
        (["transformers", "model", "target"], "models.formats.peft_adapter"),
        (["import", "file.ckpt", "mine", "--backbones", "root"], "models.formats.original_meter"),
        (["merge", "model", "target"], "models.merging"),
        (["predict", "model", "--image", "a.png", "--text", "a cat"], "models.slim"),
    ],
)
def test_without_the_packages_that_run_networks(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, command: Sequence[str], loads: str
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, loads, raising=False)
    monkeypatch.delitem(sys.modules, "safetensors.torch", raising=False)
    assert_mistake(cli(*command), "torch, which is not installed", "extra 'workers'", "pip install '.[workers]'")


def test_a_folder_that_cannot_be_made(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_mistake(cli("demo", "--state-dir", tmp_path / "file" / "demo"), "file/demo: Not a directory")


class TestCompletion:
    def test_of_commands(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        assert set(_completed(cli, monkeypatch, "twinsieve su")) == {"submit"}
        assert set(_completed(cli, monkeypatch, "twinsieve keys ")) >= {"create", "ls", "revoke"}

    def test_of_ids(self, cli: Cli, server: str, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        search_id = services.store.searches.create(SearchSpec(name="mine"), "1").id
        for words in ("twinsieve show ", f"twinsieve events {search_id[:8]}", "twinsieve journal --search "):
            assert search_id in _completed(cli, monkeypatch, words)
        assert _completed(cli, monkeypatch, "twinsieve show zzz") == []

    def test_what_serves_is_not_loaded_to_complete(self) -> None:
        script = (
            "import sys, service.cli; print([each for each in ('fastapi', 'uvicorn', 'scipy') if each in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"

    def test_without_a_service_nothing_is_said(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TWINSIEVE_SERVER", "http://127.0.0.1:9")
        assert _completed(cli, monkeypatch, "twinsieve show ") == []
        monkeypatch.setenv("TWINSIEVE_API_KEY", "nonsense")
        assert _completed(cli, monkeypatch, "twinsieve show ") == []


def _completed(cli: Cli, monkeypatch: pytest.MonkeyPatch, words: str) -> list[str]:
    """What bash is told when somebody presses the key behind `words`."""
    with monkeypatch.context() as pressed:
        pressed.setenv("_TWINSIEVE_COMPLETE", "complete_bash")
        pressed.setenv("COMP_WORDS", words)
        pressed.setenv("COMP_CWORD", str(words.count(" ")))
        done = cli()
    assert done.err == ""
    assert "_TWINSIEVE_COMPLETE" not in os.environ
    return done.out.split()
