"""`Shielded`: a tracker in a thread of its own, so that neither its speed nor its errors reach the search."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.tracking.tracker import Ending, Point, Run, Tracker

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 10.0  # after an error, before the next try
PATIENCE_SECONDS = 10.0  # with what is left when the search has ended


@dataclass(frozen=True, slots=True)
class _End:
    ending: Ending | None
    files: Sequence[Path]


class Shielded:
    """Takes points at once and hands them on when it can. What a tracker has not got is kept and tried again."""

    def __init__(
        self,
        name: str,
        tracker: Tracker,
        run: Run,
        *,
        again_seconds: float = AGAIN_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin the run, in the thread."""
        self._name = name
        self._tracker = tracker
        self._run = run
        self._again_seconds = again_seconds
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._told: queue.SimpleQueue[Point | _End] = queue.SimpleQueue()
        self._points: list[Point] = []  # of the thread alone
        self._begun = self._failing = False
        self._thread = threading.Thread(target=self._work, name=f"tracker-{name}", daemon=True)
        self._thread.start()

    def write(self, point: Point) -> None:
        """Queue a point."""
        self._told.put(point)

    def end(self, ending: Ending | None, files: Sequence[Path]) -> None:
        """Hand on what is left; whatever takes longer than our patience stays undone, and the log says so."""
        self._told.put(_End(ending, files))
        self._thread.join(self._patience_seconds)
        if self._thread.is_alive():
            logger.warning("tracker '%s' is too slow: the last it was told of the search is lost", self._name)

    def _work(self) -> None:
        end, next_try = None, self._clock()
        while end is None:
            end = self._collect(next_try)
            if end is None and self._clock() < next_try:
                continue
            if not self._hand_on(end):
                next_try = self._clock() + self._again_seconds

    def _collect(self, next_try: float) -> _End | None:
        """Wait for something to do; everything that was queued by then."""
        wait = max(0.0, next_try - self._clock()) if self._owing else None
        try:
            found = self._told.get(timeout=wait)
            while not isinstance(found, _End):
                self._points.append(found)
                found = self._told.get_nowait()
        except queue.Empty:
            return None
        return found

    @property
    def _owing(self) -> bool:
        """The tracker was not told of everything that was queued."""
        return bool(self._points) or not self._begun

    def _hand_on(self, end: _End | None) -> bool:
        try:
            if not self._begun:
                self._tracker.begin(self._run)
                self._begun = True
            if self._points:
                self._tracker.write(tuple(self._points))
                self._points.clear()
            if end is not None:
                self._tracker.end(end.ending, end.files)
        except Exception as error:  # a tracker is somebody else's code, often behind a network
            self._say(error, last=end is not None)
            return False
        self._failing = False
        return True

    def _say(self, error: Exception, *, last: bool) -> None:
        """One line when it begins to fail, and one when it is given up."""
        if last or not self._failing:
            fate = f"{len(self._points)} candidates were not written there" if last else "it is tried again later"
            said = " ".join(f"{type(error).__name__}: {error}".split())
            logger.warning("tracker '%s' failed, %s: %s", self._name, fate, said)
        self._failing = True
