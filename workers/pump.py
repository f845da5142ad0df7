"""Between an algorithm and workers: asks until none is to be had, tells what came back, measures utilisation."""

import logging
from collections.abc import Sequence
from typing import Protocol

from search.contracts import Candidate, Failure, SearchAlgorithm, Utilisation
from workers.attendance import Presence
from workers.lease_queue import Told
from workers.witness import Witness

log = logging.getLogger(__name__)


class Counter(Protocol):
    """Where candidates are handed over and outcomes picked up."""

    @property
    def room(self) -> int:
        """How many candidates may be out, with the workers there were at the last exchange."""

    def exchange(self, candidates: Sequence[Candidate], *, more: bool) -> Sequence[Told]:
        """Hand candidates to the workers, get the outcomes since the last call; waits a moment for the first.

        `more` says that candidates were left for want of room; then it also returns when there is more room.
        """

    def presence(self) -> Presence:
        """How long workers were there since the first candidate went out."""


def pump(algorithm: SearchAlgorithm, counter: Counter) -> Utilisation:
    """Serve `algorithm` until it is finished."""
    out = candidates = 0
    useful = 0.0
    witness = algorithm if isinstance(algorithm, Witness) else None
    while not algorithm.finished:
        fresh = _asked(algorithm, counter.room - out)
        out += len(fresh)
        for told in counter.exchange(fresh, more=out >= counter.room):
            if witness is not None and told.worker is not None:
                witness.credit(told.index, told.worker, told.seconds)
            algorithm.tell(told.index, told.outcome)
            out, candidates, useful = out - 1, candidates + 1, useful + told.seconds
            _say(told)
    presence = counter.presence()
    return Utilisation(presence.most, presence.wall_seconds, useful, candidates, presence.worker_seconds)


def _asked(algorithm: SearchAlgorithm, room: int) -> list[Candidate]:
    fresh: list[Candidate] = []
    while len(fresh) < room and (candidate := algorithm.ask()) is not None:
        fresh.append(candidate)
    return fresh


def _say(told: Told) -> None:
    if isinstance(told.outcome, Failure):
        log.warning("candidate %d failed after %.1f s: %s", told.index, told.seconds, told.outcome.reason)
    else:
        accuracy = told.outcome.get("accuracy")  # a look at the whole backbone has none
        found = "looked at the backbone" if accuracy is None else f"accuracy {accuracy:.4f}"
        log.info("candidate %d: %s in %.1f s", told.index, found, told.seconds)
