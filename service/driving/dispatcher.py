"""`Dispatcher`: claims searches, keeps a driver running for each, and gives back what a dead driver held."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from service.domain.records import Hold, Lease
from service.driving.chores import Chore, at_work
from service.driving.driver_process import Driver
from service.searches.leases import Leases

logger = logging.getLogger(__name__)

Spawn = Callable[[Lease], Driver]


@dataclass(slots=True)
class _Running:
    lease: Lease
    driver: Driver
    unwanted_since: float | None = None  # when its lease was first seen cancelled, paused or lost


class Dispatcher:
    """One per machine or many: the database decides who gets which search."""

    def __init__(
        self,
        leases: Leases,
        spawn: Spawn,
        *,
        max_running: int = 1,
        poll_seconds: float = 0.5,
        grace_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        chores: Mapping[str, Chore] | None = None,
    ) -> None:
        """At most `max_running` drivers at once; `chores` are done beside them, in threads of their own."""
        self._leases = leases
        self._spawn = spawn
        self._max_running = max_running
        self._poll_seconds = poll_seconds
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._chores = chores or {}
        self._running: list[_Running] = []

    def run(self, stop: threading.Event, *, lost: Callable[[], bool] = lambda: False) -> None:
        """Work until `stop` is set, then end the drivers in good order; or until the cluster they work on is lost."""
        with at_work(self._chores):
            self._run(stop, lost)

    def _run(self, stop: threading.Event, lost: Callable[[], bool]) -> None:
        while not stop.is_set():
            if lost():
                self.abandon_all("the Ray cluster ended")
                return
            try:
                self.step()
            except OperationalError as error:
                logger.warning("the database does not answer; trying again: %s", error.orig)
            stop.wait(self._poll_seconds)
        self.shut_down()

    def step(self) -> None:
        """Look once: at drivers that ended, at drivers that should end, at searches that wait."""
        for each in list(self._running):
            if (code := each.driver.poll()) is not None:
                self._let_go(each, code)
            else:
                self._end_if_unwanted(each)
        while len(self._running) < self._max_running and (lease := self._leases.claim()) is not None:
            logger.info("search %s: attempt %d", lease.search_id, lease.attempt, extra=_about(lease))
            self._running.append(_Running(lease, self._spawn(lease)))

    def shut_down(self) -> None:
        """Terminate every driver, kill those that do not end within the grace time, and queue their searches again."""
        for each in self._running:
            each.driver.terminate()
        deadline = self._clock() + self._grace_seconds
        while any(each.driver.poll() is None for each in self._running) and self._clock() < deadline:
            time.sleep(0.05)
        for each in self._running:
            if each.driver.poll() is None:
                each.driver.kill()
            self._leases.release(each.lease)
        self._running.clear()

    def abandon_all(self, error: str) -> None:
        """Kill every driver, as none can do anything any more, and queue their searches while attempts remain."""
        for each in self._running:
            each.driver.kill()
            logger.error("search %s: %s", each.lease.search_id, error, extra=_about(each.lease))
            self._leases.abandon(each.lease, error)
        self._running.clear()

    def _let_go(self, each: _Running, code: int) -> None:
        """After its end a driver holds nothing; if it died, this queues the search again without waiting."""
        words = each.driver.last_words()
        if self._leases.hold(each.lease) is not Hold.LOST:
            said = "search %s: the driver ended with code %d:\n%s"
            logger.error(said, each.lease.search_id, code, words, extra=_about(each.lease))
        # the whole tail is for the log; a client gets its last line, which is the error's own message
        last = words.splitlines()[-1] if words else "it wrote nothing"
        self._leases.abandon(each.lease, f"the driver ended with code {code}: {last}")
        self._running.remove(each)

    def _end_if_unwanted(self, each: _Running) -> None:
        if self._leases.hold(each.lease) is Hold.HELD:
            each.unwanted_since = None  # they may have thought better of a break
            return
        if each.unwanted_since is None:
            each.unwanted_since = self._clock()
        waited = self._clock() - each.unwanted_since
        if waited > 2 * self._grace_seconds:
            each.driver.kill()
        elif waited > self._grace_seconds:
            each.driver.terminate()


def _about(lease: Lease) -> dict[str, object]:
    """For a structured log; see `service.observing.logs`."""
    return {"facts": {"search_id": lease.search_id}}
