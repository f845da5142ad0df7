"""Runs a search to its end without workers, in any order of tells."""

import random
from collections.abc import Callable

from search.contracts import Candidate, Outcome, SearchAlgorithm

Told = list[tuple[Candidate, Outcome]]


def asked_now(algorithm: SearchAlgorithm) -> list[Candidate]:
    """Everything that can be asked before another tell."""
    return list(iter(algorithm.ask, None))


def drive(
    algorithm: SearchAlgorithm, measure: Callable[[Candidate], Outcome], *, order: random.Random | None = None
) -> Told:
    """Ask, measure and tell until nothing is asked; in `order`, tells are shuffled between barriers."""
    told: Told = []
    while batch := asked_now(algorithm):
        if order is not None:
            order.shuffle(batch)
        for candidate in batch:
            told.append((candidate, measure(candidate)))
            algorithm.tell(candidate.index, told[-1][1])
    return told


def drive_in_turn(algorithm: SearchAlgorithm, measure: Callable[[Candidate], Outcome], *, slots: int = 4) -> None:
    """Ask until `slots` are busy, tell the one asked first, and so on."""
    busy: list[Candidate] = []
    while not algorithm.finished:
        while len(busy) < slots and (candidate := algorithm.ask()) is not None:
            busy.append(candidate)
        told = busy.pop(0)
        algorithm.tell(told.index, measure(told))


def replay(algorithm: SearchAlgorithm, told: Told) -> list[Candidate]:
    """Tell stored outcomes in stored order, asking just far enough for each; returns what was asked."""
    asked: list[Candidate] = []
    for candidate, outcome in told:
        while len(asked) <= candidate.index:
            again = algorithm.ask()
            assert again is not None, f"no ask for candidate {candidate.index} after {len(asked)} asks"
            asked.append(again)
        algorithm.tell(candidate.index, outcome)
    return asked
