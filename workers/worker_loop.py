"""What one Tune trial does: load the backbone once, then lease, measure and report until the queue is closed."""

import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from search.contracts import Candidate, Failure
from workers.desk import Desk
from workers.lease_queue import LEASE_SECONDS, Told
from workers.opener import Opener, Scoring
from workers.outcome_log import report
from workers.reporter import Reporter
from workers.scoring_job import ScoringJob

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What every worker of a search is told; `memory_share` is the part of a GPU it may fill, None for all of it."""

    job: ScoringJob
    opener: Opener
    threads: int
    memory_share: float | None


def work(config: Mapping[str, int], *, queue: Any, assignment: Assignment) -> None:  # noqa: ANN401 - an actor
    """The trainable. Outcomes go to the queue, which feeds the search, and to Tune, which shows them."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    desk = Desk(queue, config["slot"])
    desk.begin()
    with _heartbeat(desk):
        scoring = _opened(assignment, desk)
        if scoring is not None:
            with Reporter(report) as reporter:
                _serve(scoring, desk, reporter, worker=f"{socket.gethostname()}/{config['slot']}")
    desk.end()


def _opened(assignment: Assignment, desk: Desk) -> Scoring | None:
    job = assignment.job
    try:
        return assignment.opener(job, threads=assignment.threads, memory_share=assignment.memory_share)
    except (ValueError, OSError) as error:
        # Until one has told an outcome, every worker would meet the same file or setting: the search ends with this as
        # its reason. Later it is this worker's own trouble, and the others go on.
        from models.formats.lightning import CheckpointError  # here, so that the driver starts without torch

        what = "be loaded" if isinstance(error, CheckpointError) else f"be scored on '{job.spec.data}'"
        if not desk.refuse(f"backbone '{job.entry.name}' cannot {what}: {error}"):
            raise
        return None


def _serve(scoring: Scoring, desk: Desk, reporter: Reporter, *, worker: str) -> None:
    told: Sequence[Told] = ()
    while (pack := desk.next(told, scoring.pack_size)) is not None:
        told = _measure(scoring, pack, worker)
        reporter.put([_row(candidate, each) for candidate, each in zip(pack, told, strict=True)])


def _measure(scoring: Scoring, pack: Sequence[Candidate], worker: str) -> list[Told]:
    start = time.perf_counter()
    outcomes = scoring.measure(pack)
    seconds = (time.perf_counter() - start) / len(pack)
    return [Told(candidate.index, outcome, seconds, worker) for candidate, outcome in zip(pack, outcomes, strict=True)]


def _row(candidate: Candidate, told: Told) -> dict[str, object]:
    """One outcome for Tune's own log: the same keys every time; a look at the whole backbone has no accuracy."""
    failed = isinstance(told.outcome, Failure)
    return {
        "candidate": candidate.index,
        "fidelity": str(candidate.fidelity),
        "genome": "".join(str(choice) for choice in candidate.genome),
        "accuracy": float("nan") if isinstance(told.outcome, Failure) else told.outcome.get("accuracy", float("nan")),
        "failed": failed,
        "scoring_seconds": told.seconds,
    }


@contextmanager
def _heartbeat(desk: Desk) -> Iterator[None]:
    """Renews the worker's lease while it loads, and while a candidate takes its time."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(LEASE_SECONDS / 3):
            desk.renew()

    thread = threading.Thread(target=beat, daemon=True, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
