"""The queue actor and Tune's controller on a real embedded Ray: how many calls and reports each takes in a second."""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import ray
from ray import tune

from benchmarks.scale_services import QueueTime
from search.contracts import Candidate, Fidelity
from workers.cluster import embedded_cluster
from workers.lease_queue import AHEAD, Told
from workers.outcome_log import OutcomeLog, report
from workers.queue_actor import Request, Work, start_queue

GENES = 24
TRIALS = 2
MEASUREMENT = {"accuracy": 0.734375, "macs": 24_837_120.0, "parameters": 612_345.0, "seconds": 1.2345678}


@contextmanager
def cluster(folder: Path) -> Iterator[None]:
    """An embedded cluster of two slots, this process connected to it; `workers.cluster.secure` was called before."""
    with embedded_cluster(TRIALS, folder) as running:
        os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"  # as the real runner
        ray.init(address=running.address, log_to_driver=False, logging_level=logging.WARNING)
        try:
            yield
        finally:
            ray.shutdown()


def queue_time(*, pack: int, slots: int, rounds: int) -> QueueTime:
    """The mean over `rounds`, in each of which every one of `slots` workers calls once."""
    queue = start_queue()
    counter = _Workers(queue, pack=pack, slots=slots)
    counter.begin()
    start = time.perf_counter()
    for _ in range(rounds):
        counter.round()
    seconds = (time.perf_counter() - start) / rounds / slots
    ray.kill(queue)
    return QueueTime(pack=pack, slots=slots, seconds=seconds)


class _Workers:
    """All workers of a search, and its driver."""

    def __init__(self, queue: Any, *, pack: int, slots: int) -> None:  # noqa: ANN401 - an actor
        self._queue, self._pack, self._slots = queue, pack, slots
        self._indexes = count()
        self._turn = 0
        self._told: Mapping[int, list[Told]] = {slot: [] for slot in range(slots)}

    def begin(self) -> None:
        """Everybody is there, the line is as long as it may be, and each has a first pack."""
        ray.get([self._queue.begin.remote(slot, str(slot)) for slot in range(self._slots)])
        ray.get(self._queue.exchange.remote(self._fresh(AHEAD * self._slots * self._pack), 0))
        self.round()

    def round(self) -> None:
        """Each worker brings what it has and takes a pack; then the driver exchanges as many.

        Raises:
            RuntimeError: a worker got nothing although there was enough.
        """
        self._turn += 1
        works: list[Work] = ray.get([self._queue.next.remote(self._request(slot)) for slot in range(self._slots)])
        if any(len(work.candidates) != self._pack for work in works):
            raise RuntimeError(f"a worker that wants {self._pack} got {min(len(each.candidates) for each in works)}")
        self._told = {
            slot: [Told(each.index, MEASUREMENT, 1.0) for each in work.candidates] for slot, work in enumerate(works)
        }
        ray.get(self._queue.exchange.remote(self._fresh(self._slots * self._pack), 0))

    def _request(self, slot: int) -> Request:
        sizes = {Fidelity.PROXY: self._pack}
        told = self._told[slot]
        return Request(slot=slot, life=str(slot), turn=self._turn, told=told, sizes=sizes, ahead=False)

    def _fresh(self, candidates: int) -> list[Candidate]:
        drawn = (next(self._indexes) for _ in range(candidates))
        return [Candidate(index, tuple(index >> gene & 1 for gene in range(GENES))) for index in drawn]


def report_seconds(*, reports: int, folder: Path) -> float:
    """The mean time of Tune's controller for one report, while two trials report as fast as they can."""
    tuner = tune.Tuner(
        tune.with_resources(_reporting, {"cpu": 1.0}),
        param_space={"slot": tune.grid_search(list(range(TRIALS))), "reports": reports},
        run_config=tune.RunConfig(name="reports", storage_path=str(folder), callbacks=[OutcomeLog()], verbose=0),
    )
    grid = tuner.fit()
    last = [grid[trial].metrics for trial in range(len(grid))]
    ends = [float(metrics["seconds"]) for metrics in last if metrics is not None]
    if len(ends) != TRIALS:
        raise RuntimeError(f"{len(ends)} of {TRIALS} trials that only report came to their end")
    return max(ends) / TRIALS / reports


def _reporting(config: Mapping[str, int]) -> None:
    start = time.perf_counter()
    for number in range(config["reports"]):
        report([{"candidate": number, "accuracy": 0.5, "seconds": time.perf_counter() - start}])
