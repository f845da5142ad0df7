"""The scripts of docker/ and .ci/: they are sound, and do what they say."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.docker.compose_file import DOCKER, ROOT

SHELL = [path for folder in (DOCKER, ROOT / ".ci") for path in folder.iterdir() if path.is_file()
         and path.read_bytes().startswith(b"#!/usr/bin/env bash")]  # fmt: skip
DOCKER_STUB = """#!/usr/bin/env bash
echo "$*" >>"$CALLS"
[[ $* == *"keys create"* ]] && echo "tws_made_for $*"
exit 0
"""


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_the_linter_finds_nothing(path: Path) -> None:
    linter = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([linter, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert os.access(path, os.X_OK)


def test_the_scripts_are_found() -> None:
    assert {path.name for path in SHELL} >= {"lock", "make-secrets", "first-start", "secrets", "run"}


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/well" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("paths", "code"), [(["/well"], 0), (["/ill"], 1), (["/well", "/ill"], 1), (["/well", "/well"], 0)]
)
def test_healthy_wants_every_address_well(address: str, paths: list[str], code: int) -> None:
    command = [sys.executable, str(DOCKER / "healthy"), *(address + path for path in paths)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"http_proxy": "http://127.0.0.1:1"}
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_healthy_says_who_is_silent() -> None:
    done = subprocess.run(
        [sys.executable, str(DOCKER / "healthy"), "http://127.0.0.1:1/x"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("http://127.0.0.1:1/x: ")


def _installation(folder: Path) -> dict[str, str]:
    for name in ("first-start", "make-secrets", ".env.example"):
        (folder / name).write_bytes((DOCKER / name).read_bytes())
        (folder / name).chmod(0o755)
    (folder / "bin").mkdir()
    (folder / "bin" / "docker").write_text(DOCKER_STUB)
    (folder / "bin" / "docker").chmod(0o755)
    return {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "CALLS": str(folder / "calls")}


def test_a_first_start_makes_keys_before_anything_serves(tmp_path: Path) -> None:
    environment = _installation(tmp_path)
    done = subprocess.run(
        [tmp_path / "first-start", "ada"], capture_output=True, text=True, check=True, env=environment, cwd="/"
    )
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[1] for call in calls] == ["build", "run", "run", "up"]
    assert calls[1].endswith("keys create prometheus --role viewer --days 0")
    assert calls[2].endswith("keys create ada --role admin")
    key = tmp_path / "secrets" / "prometheus_key"
    assert key.read_text().startswith("tws_made_for")
    assert "ada --role admin" in done.stdout
    assert "prometheus" not in done.stdout  # its key is nobody's to see
    assert (tmp_path / ".env").exists()


def test_a_second_first_start_keeps_the_key_of_prometheus(tmp_path: Path) -> None:
    environment = _installation(tmp_path)
    for _ in range(2):
        subprocess.run([tmp_path / "first-start", "ada"], capture_output=True, check=True, env=environment)
    assert (tmp_path / "calls").read_text().count("create prometheus") == 1


def _audited(folder: Path, answer: object) -> "subprocess.CompletedProcess[str]":
    (folder / "pip_audit.py").write_text(f"print({json.dumps(json.dumps(answer))})")
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "audit"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(folder)},
    )


def test_the_audit_names_what_is_vulnerable(tmp_path: Path) -> None:
    sound = {"name": "idna", "version": "3", "vulns": []}
    bad = {"name": "jinja2", "version": "3.1.2", "vulns": [{"id": "PYSEC-1"}]}
    done = _audited(tmp_path, {"dependencies": [sound, bad, {"name": "torch", "skip_reason": "not found"}]})
    assert done.returncode == 1
    assert "requirements-api.txt: jinja2 3.1.2: PYSEC-1" in done.stdout
    assert "2 packages audited, 1 vulnerable; not audited: torch" in done.stdout


def test_the_audit_says_when_it_could_not_ask(tmp_path: Path) -> None:
    done = _audited(tmp_path, {"dependencies": [{"name": "idna", "skip_reason": "not found"}]})
    assert "requirements-api.txt: NOT AUDITED" in done.stdout
    assert "NOT AUDITED, pip-audit said: nothing" in _audited(tmp_path, {}).stdout


def test_the_scan_finds_a_secret_that_is_new(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / ".ci").mkdir(parents=True)
    (folder / ".ci" / "secrets").write_bytes((ROOT / ".ci" / "secrets").read_bytes())
    (folder / "harmless.py").write_text("x = 1\n")
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    scan = ["bash", str(folder / ".ci" / "secrets")]
    environment = os.environ | {"BIN": str(Path(sys.executable).parent)}
    subprocess.run([*scan, "--update"], check=True, env=environment, capture_output=True)
    assert subprocess.run(scan, check=False, env=environment, capture_output=True).returncode == 0
    (folder / "harmless.py").write_text('aws = "AKIA' + "Q3EGRIJ5TWXYZABC" + '"\n')
    found = subprocess.run(scan, check=False, env=environment, capture_output=True, text=True)
    assert found.returncode != 0
    assert "harmless.py" in found.stdout
