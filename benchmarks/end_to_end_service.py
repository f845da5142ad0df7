"""One search as a user has it done: `twinsieve serve` of some tree on loopback, a fresh data folder, REST."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from benchmarks.end_to_end_tree import Tree

READY_SECONDS = 180.0
POLL_SECONDS = 0.1
PAGE = 200
ENDS = ("succeeded", "failed", "cancelled")
TAIL = 2000  # characters of a log

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A search from its submission to its exported model."""

    seconds: float  # from the submission until its model could be fetched
    accuracy: float  # of the model, on the test split
    macs: float  # of the model, per example
    macs_ratio: float  # of the model, to the no-skip adapter model
    evaluations: int  # proxies
    told: Mapping[str, int]  # by fidelity
    scoring_seconds: Mapping[str, float]  # by fidelity, over all workers
    no_skip_accuracy: float  # of the no-skip adapter model, on the test split


@dataclass(frozen=True, slots=True)
class Service:
    """A service that answers at `address`."""

    address: str

    def searched(self, spec: Mapping[str, Any], *, limit_seconds: float) -> Ended:
        """Submit, wait, fetch.

        Raises:
            RuntimeError: the search did not succeed, or not in time.
        """
        start = time.perf_counter()
        submitted = self._request("POST", "/searches", json=spec).json()["id"]

        def view() -> dict[str, Any]:
            found: dict[str, Any] = self._request("GET", f"/searches/{submitted}").json()
            return found

        ended = _until(view, lambda seen: seen["status"] in ENDS, limit_seconds)
        if ended["status"] != "succeeded" or ended["chosen"] is None:
            raise RuntimeError(
                f"the search {ended['status']} without a model: {ended['error'] or 'nothing was chosen'}"
            )
        model = self._request("GET", f"/searches/{submitted}/model").content
        seconds = time.perf_counter() - start
        if not model:
            raise RuntimeError("the exported model is empty")
        return _ended(seconds, ended, list(self._candidates(submitted)))

    def _candidates(self, search_id: str) -> Iterator[dict[str, Any]]:
        after: int | None = -1
        while after is not None:
            path = f"/searches/{search_id}/candidates"
            page = self._request("GET", path, params={"after": after, "limit": PAGE}).json()
            yield from page["items"]
            after = page["next"]

    def _request(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - passed on to httpx
        answer = httpx.request(method, f"{self.address}/v1{path}", trust_env=False, timeout=60, **more)
        if answer.is_error:
            raise RuntimeError(f"{method} {path} answers {answer.status_code}: {answer.text[:TAIL]}")
        return answer


@contextmanager
def serving(tree: Tree, folder: Path) -> Iterator[Service]:
    """`twinsieve serve` of `tree` on a free port, its state in `folder`; it and all it started end with the context."""
    log = folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            tree.command("-m", "service.cli", "serve", "--port", "0"),
            cwd=tree.folder,
            env=tree.environment(TWINSIEVE_STATE_DIR=str(folder / "state")),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Service(_address(process, log))
    finally:
        _end(process)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """What it says it listens on, once it is ready."""

    def said() -> str:
        if process.poll() is not None:
            raise RuntimeError(f"the service ended with {process.returncode}: {log.read_text()[-TAIL:]}")
        return log.read_text()

    text = _until(said, lambda seen: "; state in" in seen, READY_SECONDS)
    address = text.partition("listens on ")[2].partition(";")[0]
    _until(lambda: _ready(address), bool, READY_SECONDS)
    return address


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False, timeout=30).is_success
    except httpx.TransportError:
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """As an operator does; what does not listen is killed with its session."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _until(look: Callable[[], T], satisfied: Callable[[T], bool], limit_seconds: float) -> T:
    deadline = time.monotonic() + limit_seconds
    while not satisfied(seen := look()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"nothing came of it in {limit_seconds:.0f} s; the last answer: {str(seen)[-TAIL:]}")
        time.sleep(POLL_SECONDS)
    return seen


def _ended(seconds: float, view: Mapping[str, Any], candidates: list[dict[str, Any]]) -> Ended:
    told: dict[str, int] = {}
    scoring: dict[str, float] = {}
    for each in candidates:
        told[each["fidelity"]] = told.get(each["fidelity"], 0) + 1
        scoring[each["fidelity"]] = scoring.get(each["fidelity"], 0.0) + (each["seconds"] or 0.0)
    tested = [each for each in candidates if each["fidelity"] == "test" and each["measurement"] is not None]
    (chosen,) = (each for each in candidates if each["index"] == view["chosen"])
    (model,) = (each["measurement"] for each in tested if each["genome"] == chosen["genome"])
    no_skip = max((each["measurement"] for each in tested), key=lambda each: float(each["macs"]))
    return Ended(
        seconds=seconds,
        accuracy=model["accuracy"],
        macs=model["macs"],
        macs_ratio=model["macs"] / no_skip["macs"],
        evaluations=told.get("proxy", 0),
        told=told,
        scoring_seconds=scoring,
        no_skip_accuracy=no_skip["accuracy"],
    )
