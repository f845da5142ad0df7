"""`Service`: `twinsieve serve` as its users run it, in processes of its own that a test may kill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import psutil

from search.contracts import Failure
from service.domain.records import StoredCandidate
from service.searches.store import Store
from service.storage.database import connect

SECONDS = 240.0  # how long anything may take on a machine that is busy with other things
POLL_SECONDS = 0.02
TAIL_LINES = 30
T = TypeVar("T")


class Service:
    """One installation under `folder`: started, stopped, killed and started again on the same state."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.backbones = folder / "backbones"
        self._output = folder / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Run `twinsieve serve` on a free port and wait until it is ready."""
        start = self._output.stat().st_size if self._output.exists() else 0
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", "serve", "--port", "0"],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                start_new_session=True,
            )
        said = self.until(lambda: self._output.read_text()[start:], lambda text: "; state in" in text)
        self._address = said.partition("listens on ")[2].partition(";")[0]
        self.until(lambda: self._answers("/readyz"), bool)

    def stop(self) -> int:
        """End it as an operator does; the exit code."""
        family, process = self.processes(), self._running()
        process.terminate()
        code = process.wait(SECONDS)
        assert not psutil.wait_procs(family, timeout=SECONDS)[1], "a process outlived the service"
        return code

    def kill(self) -> None:
        """SIGKILL to every process at once: none can let go of anything in good order."""
        family = self.processes()
        for number in (signal.SIGSTOP, signal.SIGKILL):  # the kernel tells children of a dead parent; stopped ones wait
            for each in family:
                _send(each, number)
        psutil.wait_procs(family, timeout=SECONDS)
        if self._process is not None:
            self._process.wait()

    def processes(self, *words: str) -> list[psutil.Process]:
        """The processes of this service whose command line holds all `words`."""
        if self._process is None or self._process.poll() is not None:
            return []
        serve = psutil.Process(self._process.pid)
        return [each for each in [serve, *serve.children(recursive=True)] if all(word in _line(each) for word in words)]

    def workers(self) -> list[psutil.Process]:
        """Ray's processes that score candidates."""
        return self.processes("ray::ImplicitFunc")

    def driver(self, search_id: str) -> list[psutil.Process]:
        """The process that drives a search, if one does."""
        return self.processes("service.cli", "drive", search_id)

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401 - passed on to httpx
        """One call of the REST API."""
        return httpx.request(method, f"{self._address}/v1{path}", trust_env=False, timeout=30, **arguments)

    def submit(self, spec: Mapping[str, Any]) -> str:
        """Queue a search; its id."""
        answer = self.request("POST", "/searches", json=spec)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def view(self, search_id: str) -> dict[str, Any]:
        """A search as the API shows it."""
        found: dict[str, Any] = self.request("GET", f"/searches/{search_id}").json()
        return found

    def ended(self, search_id: str) -> dict[str, Any]:
        """The search once nothing changes any more."""
        ends = ("succeeded", "failed", "cancelled")
        return self.until(lambda: self.view(search_id), lambda view: view["status"] in ends)

    def history(self, search_id: str) -> Sequence[StoredCandidate]:
        """The rows of a search's candidates, from the database itself."""
        engine = connect(f"sqlite:///{self.state / 'twinsieve.sqlite'}")
        try:
            return Store.on(engine).candidates.history(search_id)
        finally:
            engine.dispose()

    def told(self, search_id: str, *, at_least: int) -> dict[int, StoredCandidate]:
        """The candidates that have an outcome, by index, once there are so many."""
        return self.until(lambda: told(self.history(search_id)), lambda found: len(found) >= at_least)

    def cli(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """`twinsieve ...` against this service."""
        return subprocess.run(
            [sys.executable, "-m", "service.cli", *map(str, arguments)],
            env=self._environment() | {"TWINSIEVE_SERVER": self._address, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def until(self, look: Callable[[], T], satisfied: Callable[[T], bool]) -> T:
        """What `look` sees once it satisfies; fails with the logs when it takes too long."""
        deadline = time.monotonic() + SECONDS
        while not satisfied(seen := look()):
            assert time.monotonic() < deadline, f"still {seen!r} after {SECONDS:.0f} s\n{self.logs()}"
            time.sleep(POLL_SECONDS)
        return seen

    def logs(self) -> str:
        """The ends of everything that the service wrote."""
        files = [self._output, *sorted((self.state / "logs").glob("*.log"))]
        tails = ["\n".join(file.read_text(errors="replace").splitlines()[-TAIL_LINES:]) for file in files]
        return "\n".join(f"--- {file.name}\n{tail}" for file, tail in zip(files, tails, strict=True))

    def _answers(self, path: str) -> bool:
        try:
            return httpx.get(f"{self._address}{path}", trust_env=False, timeout=30).is_success
        except httpx.TransportError:
            assert self._running().poll() is None, f"the service ended\n{self.logs()}"
            return False

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the service was never started"
        return self._process

    def _environment(self) -> dict[str, str]:
        """The environment of a user who has set nothing else."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TWINSIEVE_", "RAY_"))}
        return kept | {
            "TWINSIEVE_STATE_DIR": str(self.state),
            "TWINSIEVE_BACKBONES": str(self.backbones),
            "TWINSIEVE_LEASE_SECONDS": "3",
            "TWINSIEVE_POLL_SECONDS": "0.1",
            "RAY_worker_niceness": "0",  # by default whatever else runs here comes first, and this would never end
        }


def told(history: Sequence[StoredCandidate]) -> dict[int, StoredCandidate]:
    """The candidates that have an outcome, by index."""
    return {each.candidate.index: each for each in history if each.outcome is not None}


def scores(history: Sequence[StoredCandidate]) -> list[tuple[object, ...]]:
    """Candidates and outcomes in the order of the asks, without what depends on the clock."""
    timed = ("seconds", "elapsed_seconds", "latency_ms", "latency_p90_ms")
    return [
        (
            each.candidate,
            each.outcome
            if each.outcome is None or isinstance(each.outcome, Failure)
            else {name: value for name, value in each.outcome.items() if name not in timed},
        )
        for each in history
    ]


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
