"""`api_processes`: the API as an installation runs it, one process or several, each on a port of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

UNBOUNDED = {
    "TWINSIEVE_REQUIRE_KEYS": "true",
    "TWINSIEVE_RATE_PER_MINUTE": "none",
    "TWINSIEVE_MAX_QUEUED": "1000000",
    "TWINSIEVE_MAX_STREAMS": "1000",
    "TWINSIEVE_MAX_STREAMS_PER_CALLER": "1000",
}
"""A few keys send what a whole lab would."""

START_SECONDS, STOP_SECONDS = 120.0, 20.0
TAIL = 2000  # characters of a log


@dataclass(frozen=True, slots=True)
class Apis:
    """Running processes."""

    addresses: Sequence[str]
    processes: Sequence[psutil.Process]

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all of them so far."""
        return sum(sum(each.cpu_times()[:2]) for each in self.processes)


@contextmanager
def api_processes(count: int, folder: Path, *, url: str) -> Iterator[Apis]:
    """`count` processes of `twinsieve serve --no-dispatcher` on one database; they end with the context.

    They want a key, and let its holder ask for as much as they can answer.

    Raises:
        RuntimeError: one of them ended, or was not ready in time.
    """
    with ExitStack() as stack:
        settings = {**UNBOUNDED, "TWINSIEVE_DATABASE_URL": url, "TWINSIEVE_STATE_DIR": str(folder / "state")}
        logs = [folder / f"api-{number}.log" for number in range(count)]
        started = [(stack.enter_context(_process(log, settings)), log) for log in logs]
        addresses = [_address(process, log) for process, log in started]
        yield Apis(addresses, [psutil.Process(process.pid) for process, _ in started])


@contextmanager
def _process(log: Path, settings: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "service.cli", "serve", "--no-dispatcher", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **settings}
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """What it says it listens on, once it is ready."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"an API process ended with {process.returncode}: {log.read_text()[-TAIL:]}")
        address = log.read_text().partition("listens on ")[2].partition(";")
        if address[1] and _ready(address[0]):
            return address[0]
        time.sleep(0.05)
    raise RuntimeError(f"an API process was not ready after {START_SECONDS:g} s: {log.read_text()[-TAIL:]}")


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False, timeout=30).is_success
    except httpx.HTTPError:
        return False
