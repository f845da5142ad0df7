"""One peer measuring sleeping candidates in a process of its own, and what of the slots' time was work."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

Span = tuple[float, float]
"""Begin and end of a candidate, in seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a peer is given to do, and how long it may take, start-up included."""

    seconds: float  # of each candidate
    candidates: int
    slots: int
    limit_seconds: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of it after start-up, which ends when every slot has begun its first candidate."""

    noted: int  # candidates that ended, all of them
    candidates: int  # those that ended after start-up
    startup_seconds: float  # from the start of the peer's process
    wall_seconds: float  # from there to the last candidate's end
    useful_seconds: float
    slots: int

    @property
    def share(self) -> float:
        """Useful part of the slots' time, 0 to 1."""
        return self.useful_seconds / (self.slots * self.wall_seconds) if self.wall_seconds else 0.0

    @property
    def overhead_ms(self) -> float:
        """Slot time that was not work, for each candidate."""
        return 1e3 * (self.slots * self.wall_seconds - self.useful_seconds) / self.candidates

    @property
    def per_second(self) -> float:
        """Candidates that came through."""
        return self.candidates / self.wall_seconds if self.wall_seconds else 0.0

    def to_json(self) -> dict[str, float]:
        """Plain data."""
        return {**asdict(self), "share": self.share, "overhead_ms": self.overhead_ms}


class NothingRanError(RuntimeError):
    """A peer noted no candidate; the message ends with what it printed last."""


def measured(peer: str, load: Load) -> Figures:
    """Run `peer` once; where its time is over it is ended, and what it has done counts.

    Raises:
        NothingRanError: it has done nothing.
    """
    with TemporaryDirectory(prefix="orchestration-") as scratch:
        notes, output = Path(scratch, "notes"), Path(scratch, "output.txt")
        notes.mkdir()
        called = time.time()
        _run(peer, load, notes=notes, output=output)
        workers = read_spans(notes)
        if not workers:
            raise NothingRanError(f"{peer} ran no candidate:\n{output.read_text(errors='replace')[-2000:]}")
        return figures(workers, called=called, slots=load.slots)


def figures(workers: Sequence[Sequence[Span]], *, called: float, slots: int) -> Figures:
    """Of the candidates of each worker. Where a worker is a process per candidate, the first ones stand for the slots.

    What began during start-up counts as far as it lasted longer.
    """
    began = sorted(min(begin for begin, _ in spans) for spans in workers)[:slots][-1]
    later = [(max(begin, began), end) for spans in workers for begin, end in spans if end > began]
    last = max(end for _, end in later)
    return Figures(
        noted=sum(len(spans) for spans in workers),
        candidates=len(later),
        startup_seconds=began - called,
        wall_seconds=last - began,
        useful_seconds=sum(end - begin for begin, end in later),
        slots=slots,
    )


def middle(runs: Sequence[Figures]) -> Figures:
    """The run whose useful share is the median; of an even number the lower one of the middle two."""
    share = statistics.median_low(run.share for run in runs)
    return next(run for run in runs if run.share == share)


def read_spans(notes: Path) -> list[list[Span]]:
    """What each worker noted."""
    return [[_span(line) for line in file.read_text(encoding="utf-8").splitlines()] for file in notes.glob("*.txt")]


def _span(line: str) -> Span:
    begin, end = line.split()
    return float(begin), float(end)


def _run(peer: str, load: Load, *, notes: Path, output: Path) -> None:
    numbers = [str(load.seconds), str(load.candidates), str(load.slots)]
    command = [sys.executable, "-m", "benchmarks.orchestration_peers", peer, *numbers, str(notes)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["", str(Path(__file__).parents[1])]).strip(os.pathsep)}
    with output.open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=notes.parent, env=environment, start_new_session=True
        )
    try:
        process.wait(load.limit_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    finally:
        process.wait()
