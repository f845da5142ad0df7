"""The same of Optuna's RDB storage and OSS Vizier's server, as far as they are there."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.load_client import Timed
from benchmarks.load_loop import Writers, merged

SCRIPT = Path(__file__).with_name("load_vizier.py")
OPERATIONS = ("create", "tell", "get", "poll", "page")
START_SECONDS, STOP_SECONDS = 600.0, 10.0
THREADS = 16  # of Vizier's client process
OPTUNA, VIZIER = "Optuna RDB", "OSS Vizier"
VIZIER_WORDS: Mapping[str, str] = {
    "create": "CreateStudy over gRPC",
    "tell": "SuggestTrials (random search, 24 genes), CompleteTrial",
    "get": "GetStudy: its configuration alone",
    "poll": "GetStudy, ListTrials: all 100 of a study, to count them and find the best",
    "page": "GetStudy, ListTrials: all 100 of a study",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSizes:
    """What is stored for peers, and how long each operation is measured."""

    studies: int
    trials: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What was measured of a peer by operation; `absent` says why nothing was."""

    name: str
    words: Mapping[str, str]
    times: Mapping[str, Timed]
    server: bool  # its clients reach it over the network
    absent: str | None = None


def optuna(url: str, sizes: PeerSizes, writers: Writers) -> Peer:
    """Optuna on an empty database."""
    if find_spec("optuna") is None:
        return Peer(name=OPTUNA, words={}, times={}, server=False, absent="not installed: pip install -e '.[bench]'")
    from benchmarks.load_optuna import CALLS, loop, stored

    stored(url, studies=sizes.studies, trials=sizes.trials)
    times = {each: writers.together(loop, url, each, sizes.studies, sizes.seconds) for each in OPERATIONS}
    return Peer(name=OPTUNA, words=CALLS, times=times, server=False)


def vizier(python: Path | None, file: Path, sizes: PeerSizes) -> Peer:
    """Vizier's server and a client with `THREADS` threads, run by `python`."""
    if python is None:
        return Peer(name=VIZIER, words={}, times={}, server=True, absent="not asked for: see --vizier")
    with _served(python, file, sizes) as endpoint:
        times = {operation: _looped(python, endpoint, operation, sizes) for operation in OPERATIONS}
    return Peer(name=VIZIER, words=VIZIER_WORDS, times=times, server=True)


@contextmanager
def _served(python: Path, file: Path, sizes: PeerSizes) -> Iterator[str]:
    command = [str(python), str(SCRIPT), "serve", str(file), str(sizes.studies), str(sizes.trials)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        if not (endpoint := process.stdout.readline().strip()):
            raise RuntimeError(f"Vizier's server did not start: exit code {process.wait(STOP_SECONDS)}")
        yield endpoint
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _looped(python: Path, endpoint: str, operation: str, sizes: PeerSizes) -> Timed:
    command = [
        str(python),
        str(SCRIPT),
        "loop",
        endpoint,
        operation,
        str(sizes.studies),
        str(sizes.seconds),
        str(THREADS),
    ]
    ran = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=START_SECONDS)
    return merged(json.loads(ran.stdout))
