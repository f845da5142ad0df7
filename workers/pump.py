"""Between an algorithm and workers: asks until none is to be had, tells what came back, measures utilisation."""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from search.contracts import Candidate, Failure, SearchAlgorithm, Utilisation
from workers.lease_queue import Told

log = logging.getLogger(__name__)


class Counter(Protocol):
    """Where candidates are handed over and outcomes picked up."""

    def put(self, candidates: Sequence[Candidate]) -> None:
        """Hand candidates to the workers."""

    def drain(self) -> Sequence[Told]:
        """Outcomes since the last call; waits a moment for the first."""


def pump(algorithm: SearchAlgorithm, counter: Counter, *, slots: int, clock: Callable[[], float]) -> Utilisation:
    """Serve `algorithm` until it is finished; the clock of the result starts with the first candidate handed out.

    At most `2 * slots` candidates wait at the counter, so a stop is quick and no worker runs dry.
    """
    started: float | None = None
    waiting = candidates = 0
    useful = 0.0
    while not algorithm.finished:
        fresh: list[Candidate] = []
        while waiting + len(fresh) < 2 * slots and (candidate := algorithm.ask()) is not None:
            fresh.append(candidate)
        if fresh:
            counter.put(fresh)
            waiting += len(fresh)
        for told in counter.drain():
            started = started if started is not None else clock() - told.seconds
            algorithm.tell(told.index, told.outcome)
            waiting, candidates, useful = waiting - 1, candidates + 1, useful + told.seconds
            _say(told)
    wall = 0.0 if started is None else clock() - started
    return Utilisation(slots, wall, useful, candidates)


def _say(told: Told) -> None:
    if isinstance(told.outcome, Failure):
        log.warning("candidate %d failed after %.1f s: %s", told.index, told.seconds, told.outcome.reason)
    else:
        accuracy = told.outcome.get("accuracy")  # a look at the whole backbone has none
        found = "looked at the backbone" if accuracy is None else f"accuracy {accuracy:.4f}"
        log.info("candidate %d: %s in %.1f s", told.index, found, told.seconds)
