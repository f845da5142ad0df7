"""A node of a cluster: how it is started, what it refuses, and how a command lives beside it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from workers.node import NodePlan
from workers.ray_token import show_token

NODE = [sys.executable, "-m", "workers.node"]
ADDRESS = "127.0.0.1:6379"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}


def test_a_head_and_a_member_run_no_candidates_and_a_worker_does() -> None:
    head = NodePlan(role="head", address=ADDRESS).command()
    member = NodePlan(role="member", address=ADDRESS, cpus=3).command()
    worker = NodePlan(role="worker", address=ADDRESS, cpus=3).command()
    assert {"--head", "--port=6379", "--num-cpus=0", "--num-gpus=0", "--node-ip-address=127.0.0.1"} <= set(head)
    assert {f"--address={ADDRESS}", "--num-cpus=0", "--num-gpus=0"} <= set(member)
    assert {f"--address={ADDRESS}", "--num-cpus=3"} <= set(worker)
    assert "--head" not in [*member, *worker]
    assert not [each for each in NodePlan(role="worker", address=ADDRESS).command() if each.startswith("--num-")]


def test_each_option_is_one_that_ray_has() -> None:
    plans = [NodePlan(role=role, address=ADDRESS, cpus=1) for role in ("head", "worker", "member")]
    asked = {word.partition("=")[0] for plan in plans for word in plan.command() if word.startswith("--")}
    done = subprocess.run([plans[0].command()[0], "start", "--help"], capture_output=True, text=True, check=True)
    assert asked <= set(done.stdout.replace("/", " ").split())


@pytest.mark.parametrize("address", ["ray-head", "ray-head:", ":6379", "ray-head:port"])
def test_an_address_has_a_host_and_a_port(address: str) -> None:
    with pytest.raises(ValueError, match=r"expected host:port"):
        NodePlan(role="head", address=address).command()


def _refused(*words: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [*NODE, "--address", ADDRESS, *words], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr


def test_no_node_starts_without_a_token(tmp_path: Path) -> None:
    assert "without a token anybody" in _refused("worker", environment=_environment())
    empty = tmp_path / "token"
    empty.write_text("\n")
    assert "is empty" in _refused("--token-file", str(empty), "worker", environment=_environment())
    named = _environment() | {"RAY_AUTH_TOKEN_PATH": str(tmp_path / "none")}
    assert "No such file" in _refused("worker", environment=named)


def test_a_member_wants_a_command() -> None:
    assert "command" in _refused("member", environment=_environment())


@pytest.mark.parametrize("before", [{}, {"RAY_AUTH_TOKEN": "old", "RAY_AUTH_MODE": "disabled"}])
def test_a_token_of_a_file_replaces_what_the_environment_says(before: dict[str, str], tmp_path: Path) -> None:
    environment = dict(before)
    show_token(environment, token="of the settings", file=tmp_path)
    assert environment == {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(tmp_path),
        "RAY_USAGE_STATS_ENABLED": "0",
    }


def test_without_a_token_of_ours_rays_own_variables_stay() -> None:
    environment = {"RAY_AUTH_TOKEN_PATH": "/run/secrets/ray_token"}
    show_token(environment, token=None, file=None)
    assert environment == {"RAY_AUTH_TOKEN_PATH": "/run/secrets/ray_token", "RAY_USAGE_STATS_ENABLED": "0"}


class _Well(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def agent() -> Iterator[int]:
    """The port of something that says a node has joined."""
    with HTTPServer(("127.0.0.1", 0), _Well) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def _beside(node: str, command: str, agent: int) -> Iterator["subprocess.Popen[str]"]:
    """A process that runs two shells, as a node and as the command beside it."""
    call = f"run_beside(['bash', '-c', {node!r}], ['bash', '-c', {command!r}], agent_port={agent})"
    script = f"import sys; from workers.beside import run_beside; sys.exit({call})"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        yield process
        process.wait(60)


def test_a_member_ends_as_its_command_does(agent: int) -> None:
    with _beside("exec sleep 60", "exit 7", agent) as process:
        pass
    assert process.returncode == 7


def test_a_command_does_not_outlive_its_node(agent: int) -> None:
    with _beside("exec sleep 3", "echo up; exec sleep 60", agent) as process:
        assert _lines(process) == ["up"]
    assert process.returncode == 1


def test_no_command_starts_beside_a_node_that_does_not_join() -> None:
    with _beside("exit 1", "echo up", 1) as process:
        assert _lines(process) == ["error: the node did not join the cluster; see what Ray wrote above"]
    assert process.returncode == 1


def test_sigterm_ends_the_command_before_its_node(agent: int) -> None:
    patient = "trap 'echo {0}; exit 0' TERM; echo {0} up; while :; do sleep 0.1; done"
    with _beside(patient.format("node"), patient.format("command"), agent) as process:
        assert process.stdout is not None
        assert {process.stdout.readline(), process.stdout.readline()} == {"node up\n", "command up\n"}
        process.send_signal(signal.SIGTERM)
        assert _lines(process) == ["command", "node"]
    assert process.returncode == 128 + signal.SIGTERM


def _lines(process: "subprocess.Popen[str]") -> list[str]:
    assert process.stdout is not None
    return process.stdout.read().splitlines()
