"""What one Tune trial does: load the backbone once, then lease, measure and report until the queue is closed."""

import logging
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ray
from ray import tune

from models.formats.lightning import CheckpointError
from search.contracts import Candidate, Failure
from workers.lease_queue import LEASE_SECONDS, Told
from workers.queue_actor import Work
from workers.scorer import Scorer, ScoringJob, best_device

log = logging.getLogger(__name__)


def work(config: Mapping[str, int], *, queue: Any, job: ScoringJob, threads: int) -> None:  # noqa: ANN401 - an actor
    """The trainable. Outcomes go to the queue, which feeds the search, and to Tune, which shows them."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    slot, life = config["slot"], uuid.uuid4().hex
    try:
        scorer = Scorer(job, device=best_device(), threads=threads)
    except (ValueError, OSError) as error:
        # Every worker would meet the same file or setting; the search ends with this as its reason.
        what = "be loaded" if isinstance(error, CheckpointError) else f"be scored on '{job.spec.data}'"
        ray.get(queue.close.remote(f"backbone '{job.entry.name}' cannot {what}: {error}"))
        return
    ray.get(queue.begin.remote(slot, life))
    with _heartbeat(queue, slot, life):
        _serve(scorer, queue, slot, life)


def _serve(scorer: Scorer, queue: Any, slot: int, life: str) -> None:  # noqa: ANN401 - an actor
    told: Told | None = None
    while True:
        given: Work = ray.get(queue.next.remote(slot, life, told))
        told = None
        if given.closed:
            return
        if given.candidate is not None:
            told = _measure(scorer, given.candidate)
            tune.report(_row(given.candidate, told))


def _measure(scorer: Scorer, candidate: Candidate) -> Told:
    start = time.perf_counter()
    outcome = scorer.measure(candidate)
    return Told(candidate.index, outcome, time.perf_counter() - start)


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
def _heartbeat(queue: Any, slot: int, life: str) -> Iterator[None]:  # noqa: ANN401 - an actor
    """Renews the worker's lease while a candidate takes its time."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(LEASE_SECONDS / 3):
            queue.renew.remote(slot, life)

    thread = threading.Thread(target=beat, daemon=True, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
