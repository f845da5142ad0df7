"""`TuneRunner`: one Ray Tune experiment per search, one trial per worker slot, candidates through a lease queue."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import ray
from ray import tune
from ray.exceptions import RayError

from search.contracts import ClusterLostError, SearchAlgorithm, Utilisation
from workers.actor_counter import ActorCounter, WorkersGoneError
from workers.opener import Opener, open_scorer
from workers.outcome_log import OutcomeLog
from workers.pump import pump
from workers.queue_actor import start_queue
from workers.room import Need, Room
from workers.roster import LossNotice, Roster, SlotScheduler, SlotSearcher
from workers.scoring_job import ScoringJob
from workers.witness import Witness
from workers.worker_loop import Assignment, work

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
CONNECT_PAUSE = 0.5
PATIENCE_SECONDS = 60.0
MAX_WORKER_FAILURES = 10  # per slot; a candidate that kills its workers is a failure long before
STARTING = 16  # workers that may be on their way at once, or as many as the spec asks


class TuneRunner:
    """A `Runner` on a Ray cluster. Call it from the main thread of a process that runs no other search.

    Workers may join and leave: those for which the cluster has no room yet start when nodes join; what a lost one
    held goes to the others, and it starts again where there is room.
    """

    def __init__(
        self,
        job: ScoringJob,
        *,
        address: str,
        cpus: int = 1,
        gpus: float | None = None,
        slots: Callable[[], int | None] = lambda: None,
        patience: float = PATIENCE_SECONDS,
        opener: Opener = open_scorer,
    ) -> None:
        """`cpus` and `gpus` are what each worker gets; with None a whole GPU where the cluster has any.

        `slots` is asked about once a second how many workers there shall be; None: as many as the spec says. For
        `patience` seconds a cluster may be without a head, or without a node on which a worker fits.
        """
        self._job = job
        self._address = address
        self._cpus = cpus
        self._gpus = gpus
        self._slots = slots
        self._patience = patience
        self._opener = opener

    def run(self, algorithm: SearchAlgorithm) -> Utilisation:
        """Serve the algorithm until it is finished.

        Raises:
            RunnerError: no node has room for a worker, or the workers cannot do this search.
            ClusterLostError: the cluster cannot be reached, or has no worker left.
        """
        if algorithm.finished:
            return Utilisation(self._job.spec.workers, 0.0, 0.0, 0)
        self._connect()
        try:
            if isinstance(algorithm, Witness):
                algorithm.works_as(ray.get_runtime_context().get_job_id())
            return self._serve(algorithm)
        finally:
            ray.shutdown()

    def _connect(self) -> None:
        _await_head(self._address, self._patience)
        os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"  # one log is enough: the others cost time per outcome
        os.environ["RAY_AIR_NEW_OUTPUT"] = "0"  # which prints even when it is told not to
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(max(STARTING, self._job.spec.workers))
        try:
            ray.init(address=self._address, log_to_driver=False, logging_level=logging.WARNING)
        except ConnectionError as error:
            raise ClusterLostError(f"the Ray cluster at {self._address} does not take us: {error}") from error

    def _serve(self, algorithm: SearchAlgorithm) -> Utilisation:
        need, wanted = Need.of(self._cpus, self._gpus), self._wanted()
        room = Room(need, patience=self._patience, address=self._address)
        if (fitting := room.wait()) < wanted:
            log.warning("%d workers are wanted; the cluster has room for %d, the others wait", wanted, fitting)
        queue = start_queue()
        roster = Roster(wanted, queue)
        server = _Server(algorithm, ActorCounter(queue, self._wanted, room=room, roster=roster), roster)
        server.start()
        try:
            self._fit(queue, roster, need)
        finally:
            server.stop()
        if server.error is not None:
            raise server.error
        if server.result is None:
            told = f"every worker ended before the search did; {roster.failed} failed: see Ray's logs"
            raise ClusterLostError(told)
        _say(server.result)
        return server.result

    def _wanted(self) -> int:
        return self._job.spec.workers if (wanted := self._slots()) is None else wanted

    def _fit(self, queue: Any, roster: Roster, need: Need) -> None:  # noqa: ANN401 - an actor
        """Runs trials, as the roster wants them, until the search is over."""
        assignment = Assignment(job=self._job, opener=self._opener, threads=self._cpus, memory_share=need.memory_share)
        trainable = tune.with_parameters(work, queue=queue, assignment=assignment)
        tuner = tune.Tuner(
            tune.with_resources(trainable, need.resources),
            tune_config=tune.TuneConfig(
                num_samples=-1, search_alg=SlotSearcher(roster), scheduler=SlotScheduler(roster), reuse_actors=False
            ),
            run_config=tune.RunConfig(
                name="tune",
                storage_path=str(self._job.artifacts.resolve()),
                callbacks=[OutcomeLog(), LossNotice(roster)],
                failure_config=tune.FailureConfig(max_failures=MAX_WORKER_FAILURES),
                verbose=0,
            ),
        )
        tuner.fit()


def _await_head(address: str, patience: float) -> None:
    """Return when something listens at `address`: a head that was lost is being started again.

    Raises:
        ClusterLostError: nothing does for `patience` seconds.
    """
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + patience
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
        except (OSError, ValueError) as error:
            if time.monotonic() >= deadline:
                raise ClusterLostError(f"for {patience:.0f} s no Ray head answers at {address}: {error}") from error
            time.sleep(CONNECT_PAUSE)
        else:
            return


def _say(result: Utilisation) -> None:
    log.info(
        "%d candidates: %.1f s of scoring in %.1f s of at most %d workers after start-up, %.1f %%",
        result.candidates,
        result.scoring_seconds,
        result.worker_seconds or 0.0,
        result.slots,
        100 * result.share,
    )


class _Server(threading.Thread):
    """Pumps in its own thread, because Tune wants the main one."""

    def __init__(self, algorithm: SearchAlgorithm, counter: ActorCounter, roster: Roster) -> None:
        super().__init__(name="pump")
        self._algorithm = algorithm
        self._counter = counter
        self._roster = roster
        self.result: Utilisation | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.result = pump(self._algorithm, self._counter)
        except WorkersGoneError:
            log.error("every worker ended before the search did")
        except Exception as error:
            # It belongs to the caller of `run`, who waits in another thread.
            self.error = error
        finally:
            self._roster.over = True
            with suppress(RayError):  # a queue that died with its cluster needs no closing
                self._counter.close()

    def stop(self) -> None:
        """Called when Tune is done: what is still to be told is told."""
        self._counter.stopped.set()
        self.join()
