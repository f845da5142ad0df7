"""`DriverProcess`: one `twinsieve drive` as a child process, and what it said last."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol

from service.domain.records import Lease
from service.observing.redaction import Redaction

TOKEN_VARIABLE = "TWINSIEVE_LEASE_TOKEN"  # noqa: S105 - the name of the variable; a command line is public
TAIL_BYTES = 4096


class Driver(Protocol):
    """A driver as its dispatcher sees it."""

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""

    def terminate(self) -> None:
        """Ask it to let go of its search."""

    def kill(self) -> None:
        """End it."""

    def last_words(self) -> str:
        """The end of what it wrote."""


class DriverProcess:
    """Drives the search of a lease in a session of its own, so that Ctrl-C reaches only the dispatcher."""

    def __init__(self, lease: Lease, *, log: Path, environment: Mapping[str, str], parent: int | None = None) -> None:
        command = [sys.executable, "-m", "service.cli", "drive", lease.search_id]
        if parent is not None:
            command += ["--parent", str(parent)]
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        self._start = log.stat().st_size if log.exists() else 0
        self._environment = os.environ | dict(environment) | {TOKEN_VARIABLE: lease.token}
        with log.open("ab") as output:
            self._process = _start(command, output, self._environment)

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    def terminate(self) -> None:
        """Ask it to let go of its search."""
        self._process.terminate()

    def kill(self) -> None:
        """End it."""
        self._process.kill()

    def last_words(self) -> str:
        """The end of what this process, not an earlier one of the same log, wrote, without secrets."""
        with self._log.open("rb") as log:
            log.seek(max(self._start, self._log.stat().st_size - TAIL_BYTES))
            said = log.read().decode(errors="replace").strip()
        return Redaction.of_environment(self._environment).of(said)


def _start(command: list[str], output: IO[bytes], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
