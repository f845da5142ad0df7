"""`Crowd`: users who have several searches running at any time, and note what they were told of them."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from benchmarks.hosts_client import Client

ENDS = ("succeeded", "failed", "cancelled")
LOOK_SECONDS = 1.0


@dataclass(slots=True)
class Followed:
    """One search as its user sees it."""

    id: str
    spec: int  # its place among the specs
    status: str = "queued"
    told: dict[int, Mapping[str, Any]] = field(default_factory=dict)  # candidates with an outcome, by index

    @property
    def over(self) -> bool:
        """Nothing will change any more."""
        return self.status in ENDS


class Crowd(threading.Thread):
    """Keeps `together` searches unfinished until told to stop, then waits until all are over."""

    def __init__(self, client: Client, specs: Sequence[Mapping[str, Any]], *, together: int) -> None:
        super().__init__(name="crowd", daemon=True)
        self._client = client
        self._specs = specs
        self._turns = cycle(range(len(specs)))
        self._together = together
        self._stop_submitting = threading.Event()
        self._searches: list[Followed] = []
        self._outcome = threading.Event()  # of whichever search, or our end
        self._error: Exception | None = None

    @property
    def searches(self) -> Sequence[Followed]:
        """All that were submitted, in order."""
        return tuple(self._searches)

    def told(self) -> dict[str, int]:
        """Outcomes seen so far, by search that was not over when last looked at."""
        return {each.id: len(each.told) for each in self.searches if not each.over}

    def run(self) -> None:
        """Submit and look."""
        try:
            while not self._stop_submitting.wait(LOOK_SECONDS):
                self._fill_up()
                self._look()
            while any(not each.over for each in self._searches):
                self._look()
                time.sleep(LOOK_SECONDS)
        except Exception as error:
            # It belongs to the caller of `finish`, who waits in another thread.
            self._error = error
        finally:
            self._outcome.set()

    def await_outcome(self, *, seconds: float) -> None:
        """Wait until some candidate of some search has an outcome.

        Raises:
            TimeoutError: it takes longer than that.
        """
        if not self._outcome.wait(seconds):
            raise TimeoutError(f"no candidate was scored within {seconds:.0f} s")

    def finish(self, *, seconds: float) -> None:
        """No new searches; wait for those that there are.

        Raises:
            TimeoutError: they take longer than that.
        """
        self._stop_submitting.set()
        self.join(seconds)
        if self._error is not None:
            raise self._error
        if self.is_alive():
            unfinished = [f"{each.id} ({each.status})" for each in self.searches if not each.over]
            raise TimeoutError(f"after {seconds:.0f} s without a fault these have not ended: {', '.join(unfinished)}")

    def _fill_up(self) -> None:
        while sum(not each.over for each in self._searches) < self._together:
            spec = next(self._turns)
            self._searches.append(Followed(self._client.submit(self._specs[spec]), spec))

    def _look(self) -> None:
        for each in self._searches:
            if each.over:
                continue
            status = str(self._client.view(each.id)["status"])  # before its candidates: at the end all are seen
            for candidate in self._client.candidates(each.id):
                if candidate["told_order"] is not None:
                    each.told.setdefault(candidate["index"], candidate)
                    self._outcome.set()
            each.status = status
