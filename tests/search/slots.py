"""Runs a search on a few slots whose candidates end in any order, and runs it again from what was written down."""

import random
from collections.abc import Callable, Sequence

from search.contracts import Candidate, Outcome, SearchAlgorithm

Event = Candidate | tuple[int, Outcome]
"""An ask or a tell."""


def run(
    algorithm: SearchAlgorithm, measure: Callable[[Candidate], Outcome], *, slots: int, seed: int = 0
) -> list[Event]:
    """Ask until `slots` are busy, tell one of them, and so on to the end; returns all of it in order."""
    luck, busy, events = random.Random(seed), list[Candidate](), list[Event]()
    while not algorithm.finished:
        while len(busy) < slots and (candidate := algorithm.ask()) is not None:
            busy.append(candidate)
            events.append(candidate)
        ended = busy.pop(luck.randrange(len(busy)))
        events.append((ended.index, measure(ended)))
        algorithm.tell(ended.index, measure(ended))
    assert not busy
    return events


def rerun(algorithm: SearchAlgorithm, events: Sequence[Event]) -> list[Candidate]:
    """What `algorithm` asks where `events` has asks, being told what it says."""
    asked = []
    for event in events:
        if isinstance(event, Candidate):
            again = algorithm.ask()
            assert again is not None
            asked.append(again)
        else:
            algorithm.tell(*event)
    return asked


def asked(events: Sequence[Event]) -> list[Candidate]:
    """The asks among `events`."""
    return [event for event in events if isinstance(event, Candidate)]
