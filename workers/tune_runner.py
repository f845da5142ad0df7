"""`TuneRunner`: one Ray Tune experiment per search, one trial per worker slot, candidates through a lease queue."""

import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import ray
from ray import tune
from ray.exceptions import RayError
from ray.tune.logger import JsonLoggerCallback

from search.contracts import Candidate, ClusterLostError, RunnerError, SearchAlgorithm, Utilisation
from workers.lease_queue import Told
from workers.pump import pump
from workers.queue_actor import News, start_queue
from workers.scorer import ScoringJob
from workers.worker_loop import work

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
MAX_WORKER_FAILURES = 10  # per slot; a candidate that kills its workers is a failure long before


class TuneRunner:
    """A `Runner` on a Ray cluster. Call it from the main thread of a process that runs no other search."""

    def __init__(self, job: ScoringJob, *, address: str, cpus: int = 1, gpus: float | None = None) -> None:
        """`cpus` and `gpus` are what each worker gets; with None a whole GPU where the cluster has any."""
        self._job = job
        self._address = address
        self._cpus = cpus
        self._gpus = gpus

    def run(self, algorithm: SearchAlgorithm) -> Utilisation:
        """Serve the algorithm until it is finished.

        Raises:
            RunnerError: the cluster is too small for one worker, or its workers cannot do this search.
            ClusterLostError: the cluster cannot be reached, or has no worker left.
        """
        if algorithm.finished:
            return Utilisation(self._job.spec.workers, 0.0, 0.0, 0)
        self._connect()
        try:
            return self._serve(algorithm)
        finally:
            ray.shutdown()

    def _connect(self) -> None:
        host, _, port = self._address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
        except (OSError, ValueError) as error:
            raise ClusterLostError(f"no Ray head answers at {self._address}: {error}") from error
        os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"  # one log is enough: the others cost time per outcome
        try:
            ray.init(address=self._address, log_to_driver=False, logging_level=logging.WARNING)
        except ConnectionError as error:
            raise ClusterLostError(f"the Ray cluster at {self._address} does not take us: {error}") from error

    def _serve(self, algorithm: SearchAlgorithm) -> Utilisation:
        slots, resources = self._slots()
        queue = start_queue()
        server = _Server(algorithm, queue, slots)
        server.start()
        try:
            failures = self._fit(queue, slots, resources)
        finally:
            server.stop()
        if server.error is not None:
            raise server.error
        if server.result is None:
            told = f"every worker ended before the search did; {failures} of {slots} failed: see Ray's logs"
            raise ClusterLostError(told)
        _say(server.result)
        return server.result

    def _fit(self, queue: Any, slots: int, resources: dict[str, float]) -> int:  # noqa: ANN401 - an actor
        """Runs the trials to their end; how many of them failed for good."""
        trainable = tune.with_parameters(work, queue=queue, job=self._job, threads=self._cpus)
        tuner = tune.Tuner(
            tune.with_resources(trainable, resources),
            param_space={"slot": tune.grid_search(list(range(slots)))},
            tune_config=tune.TuneConfig(max_concurrent_trials=slots, reuse_actors=False),
            run_config=tune.RunConfig(
                name="tune",
                storage_path=str(self._job.artifacts.resolve()),
                callbacks=[JsonLoggerCallback()],
                failure_config=tune.FailureConfig(max_failures=MAX_WORKER_FAILURES),
                verbose=0,
            ),
        )
        failed: int = tuner.fit().num_errors
        return failed

    def _slots(self) -> tuple[int, dict[str, float]]:
        """As many workers as the spec asks and the cluster can place, and what each gets."""
        cluster: dict[str, float] = ray.cluster_resources()
        gpus = self._gpus if self._gpus is not None else float(cluster.get("GPU", 0) > 0)
        need = {"cpu": float(self._cpus)} | ({"gpu": gpus} if gpus else {})
        fit = int(min(cluster.get(name.upper(), 0) // amount for name, amount in need.items()))
        if fit < 1:
            raise RunnerError(f"a worker needs {need}; the cluster at {self._address} has {cluster}")
        slots = min(fit, self._job.spec.workers)
        if slots < self._job.spec.workers:
            log.warning("the spec asks for %d workers; the cluster has room for %d", self._job.spec.workers, slots)
        return slots, need


def _say(result: Utilisation) -> None:
    paid = f"{result.slots} workers x {result.wall_seconds:.1f} s after start-up"
    log.info(
        "%d candidates: %.1f s of scoring in %s, %.1f %%",
        result.candidates,
        result.scoring_seconds,
        paid,
        100 * result.share,
    )


@dataclass(frozen=True, slots=True)
class _ActorCounter:
    """The queue actor as the pump sees it."""

    queue: Any
    stopped: threading.Event

    def put(self, candidates: Sequence[Candidate]) -> None:
        ray.get(self.queue.put.remote(candidates))

    def drain(self) -> Sequence[Told]:
        news: News = ray.get(self.queue.drain.remote())
        if news.error is not None:
            raise RunnerError(news.error)
        if self.stopped.is_set() and not news.told:
            raise _WorkersGoneError
        return news.told


class _WorkersGoneError(Exception):
    """Tune has no trial left, so nothing will ever be told again."""


class _Server(threading.Thread):
    """Pumps in its own thread, because Tune wants the main one."""

    def __init__(self, algorithm: SearchAlgorithm, queue: Any, slots: int) -> None:  # noqa: ANN401 - an actor
        super().__init__(name="pump")
        self._algorithm = algorithm
        self._queue = queue
        self._slots = slots
        self._workers_gone = threading.Event()
        self.result: Utilisation | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        counter = _ActorCounter(self._queue, self._workers_gone)
        try:
            self.result = pump(self._algorithm, counter, slots=self._slots, clock=time.perf_counter)
        except _WorkersGoneError:
            log.error("every worker ended before the search did")
        except Exception as error:
            # It belongs to the caller of `run`, who waits in another thread.
            self.error = error
        finally:
            with suppress(RayError):  # a queue that died with its cluster needs no closing
                ray.get(self._queue.close.remote())

    def stop(self) -> None:
        """Called when Tune is done: what is still to be told is told."""
        self._workers_gone.set()
        self.join()
