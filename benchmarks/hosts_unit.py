"""`Unit`: the program of a host, started again whenever it ends, as an init system does."""

import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.hosts import Host, HostsError

RESTART_SECONDS = 0.5  # from an end to the next start
LOOK_SECONDS = 0.1
TAIL = 3000  # characters of a log


@dataclass(slots=True, kw_only=True)
class Unit:
    """All that `host` is for: `command`, its output in `log`. As with a container, what it leaves behind is ended."""

    host: Host
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    as_nobody: bool = False
    starts: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _ended: float | None = None

    def start(self) -> None:
        """Run it once."""
        with self.log.open("ab") as output:
            self._process = self.host.start(
                self.command, environment=self.environment, output=output, as_nobody=self.as_nobody
            )
        self.starts, self._ended = self.starts + 1, None

    def look(self) -> None:
        """Start it again, if it ended a moment ago."""
        if self._process is None or self._process.poll() is None:
            return
        now = time.monotonic()
        self._ended = now if self._ended is None else self._ended
        self.host.end_all()
        if now - self._ended >= RESTART_SECONDS:
            self.start()

    def said(self, words: str, *, seconds: float) -> None:
        """Wait until its log has `words`.

        Raises:
            HostsError: it has not after `seconds`.
        """
        deadline = time.monotonic() + seconds
        while words not in (text := self.log.read_text(errors="replace")):
            if time.monotonic() > deadline:
                raise HostsError(f"{self.host.name} did not say '{words}' within {seconds:.0f} s, but:\n{text[-TAIL:]}")
            time.sleep(LOOK_SECONDS)


@contextmanager
def kept(units: Iterable[Unit]) -> Iterator[None]:
    """Keep the units running, from a thread of its own, until the block ends."""
    several, ended = list(units), threading.Event()

    def keep() -> None:
        while not ended.wait(LOOK_SECONDS):
            for unit in several:
                unit.look()

    thread = threading.Thread(target=keep, name="units", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
