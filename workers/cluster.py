"""A Ray cluster of one machine, for the embedded default: loopback only, with a token, gone with its parent."""

import os
import secrets
import select
import subprocess
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from search.contracts import RunnerError

START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where an embedded cluster is found; `dashboard` is a URL, or empty without one."""

    address: str
    dashboard: str
    head: "subprocess.Popen[str]"

    @property
    def pid(self) -> int:
        """The process that holds the cluster."""
        return self.head.pid

    def lost(self) -> bool:
        """Whether it has ended by itself; a new one must be started."""
        return self.head.poll() is not None


def secure(environment: MutableMapping[str, str]) -> None:
    """Set what every process of an embedded cluster runs with: loopback ports, a token, no usage statistics.

    Raises:
        RuntimeError: Ray is imported already and has read other settings.
    """
    # Without this Ray turns 127.0.0.1 into the machine's outer address, and reads it once, when it is imported.
    loopback_only = ("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    if "ray" in sys.modules and os.environ.get(loopback_only[0]) != loopback_only[1]:
        raise RuntimeError("an embedded cluster is started before anything imports ray; call `secure` earlier")
    environment[loopback_only[0]] = loopback_only[1]
    environment["RAY_USAGE_STATS_ENABLED"] = "0"
    environment.setdefault("RAY_AUTH_MODE", "token")
    if "RAY_AUTH_TOKEN_PATH" not in environment:
        environment.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


@contextmanager
def embedded_cluster(cpus: int, log_dir: Path) -> Iterator[Cluster]:
    """Run a cluster with `cpus` worker slots in a child process; it ends with the context, or with this process.

    Raises:
        RunnerError: it did not start; the log says why.
    """
    secure(os.environ)  # the drivers that this process starts need the same token
    log_dir.mkdir(parents=True, exist_ok=True)
    log_file = log_dir / "ray-head.log"
    with log_file.open("ab") as log:
        head = subprocess.Popen(
            [sys.executable, "-m", "workers.head", "--cpus", str(cpus), "--parent", str(os.getpid())],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        yield _await(head, log_file)
    finally:
        head.terminate()
        head.wait()
        if head.stdout is not None:
            head.stdout.close()


def _await(head: "subprocess.Popen[str]", log_file: Path) -> Cluster:
    assert head.stdout is not None  # noqa: S101 - it is a pipe
    ready, _, _ = select.select([head.stdout], [], [], START_SECONDS)
    line = head.stdout.readline().strip() if ready else ""
    if not line:
        why = f"did not start within {START_SECONDS:.0f} s" if head.poll() is None else "ended while it started"
        raise RunnerError(f"the embedded Ray cluster {why}; see {log_file}")
    address, _, dashboard = line.partition(" ")
    return Cluster(address, dashboard, head)
