"""`Host`: a machine in this one, with network, processes and shared memory of its own.

It is a set of Linux namespaces, and lives as long as its process 1, which lives as long as a pipe from us. So whatever
becomes of this process, every process of every host goes with it, and every link as well; nothing needs a name.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import psutil

INIT = Path(__file__).with_name("hosts_init.py")
USER_ID = 65534  # nobody's


class HostsError(Exception):
    """This machine does not let us make hosts; the message says why."""


def require_hosts() -> None:
    """Check that hosts can be made here.

    Raises:
        HostsError: a tool or a right is missing.
    """
    if sys.platform != "linux":
        raise HostsError(f"separate hosts need Linux namespaces; this is {sys.platform}")
    trial = ("unshare", "--net", "--mount", "--pid", "--fork", "ip", "link", "add", "trial", "type", "bridge")
    try:
        tried = subprocess.run(trial, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise HostsError("separate hosts need `unshare` of util-linux; it is not installed") from None
    if tried.returncode:
        raise HostsError(
            "separate hosts need Linux namespaces and a bridge between them, for which one must be root with all "
            f"capabilities; here: {tried.stderr.strip()}"
        )


@dataclass(frozen=True, slots=True)
class Host:
    """One machine: `address` on the switch, processes that only it sees."""

    name: str
    address: str
    pid: int  # of its process 1, as we see it
    _started: "list[subprocess.Popen[bytes]]" = field(default_factory=list, repr=False)

    @classmethod
    @contextmanager
    def booted(cls, name: str, address: str, binds: Mapping[Path, Path]) -> Iterator[Self]:
        """A host without a network yet; it and all that runs on it ends with the context."""
        init = subprocess.Popen(
            [
                *("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"),
                *(sys.executable, "-I", "-S", str(INIT)),
                *(f"{source}:{target}" for source, target in binds.items()),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us alone
        )
        assert init.stdin is not None  # noqa: S101 - they are pipes
        assert init.stdout is not None  # noqa: S101
        started: list[subprocess.Popen[bytes]] = []
        try:
            if init.stdout.readline().strip() != "ready":
                raise HostsError(f"host {name} did not start: it ended with {init.wait()}")
            (child,) = psutil.Process(init.pid).children()
            host = cls(name, address, child.pid, started)
            host.do("ip", "link", "set", "lo", "up")
            yield host
        finally:
            init.stdin.close()
            init.wait()
            init.stdout.close()
            for each in started:  # what waited for a process of the host; it may be stopped
                each.kill()
                each.wait()

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        output: IO[bytes] | int,
        as_nobody: bool = False,
    ) -> "subprocess.Popen[bytes]":
        """Run `command` on this host, with this environment and no other."""
        identity = [f"--setuid={USER_ID}", f"--setgid={USER_ID}"] if as_nobody else []
        process = subprocess.Popen(
            [*self._enter, *identity, "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def do(self, *command: str) -> str:
        """Run a short command of the system here; what it printed.

        Raises:
            HostsError: it failed.
        """
        done = subprocess.run([*self._enter, "--", *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise HostsError(f"{' '.join(command)} on {self.name} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def processes(self, begins: str = "") -> list[psutil.Process]:
        """What runs here beside its process 1, and has a title, or arguments after its program, that begin so."""
        space = _space(self.pid)
        pids = [pid for pid in psutil.pids() if pid != self.pid and _space(pid) == space]
        found = [process for pid in pids if (process := _process(pid)) is not None]
        return [each for each in found if not begins or _begins(each, begins)]

    def end_all(self) -> None:
        """Kill whatever runs here; the host stays."""
        for each in self.processes():
            with suppress(psutil.NoSuchProcess):
                each.kill()

    @property
    def _enter(self) -> list[str]:
        return ["nsenter", f"--target={self.pid}", "--net", "--mount", "--pid"]


def _space(pid: int) -> str | None:
    """The process namespace of a process; None when it has gone."""
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    return None


def _process(pid: int) -> psutil.Process | None:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid)
    return None


def _begins(process: psutil.Process, words: str) -> bool:
    try:
        line = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return line.startswith(words) or line.partition(" ")[2].startswith(words)
