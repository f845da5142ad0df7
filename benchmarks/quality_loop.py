"""The one loop all contestants run in: ask, look the answer up, tell; what counts as an evaluation is said here."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality_problem import Problem, Seen
from benchmarks.table_space import number_of
from search.contracts import Genome

ASKS = 10  # a contestant that asks this many times as often as it may evaluate has stopped finding anything new


class Contestant(Protocol):
    """One run of one search method."""

    uses_infeasible: bool
    """Whether it learns more from an infeasible chromosome than by how much that is too dear."""

    def ask(self) -> Genome | None:
        """The next chromosome; None when it has no more."""

    def tell(self, genome: Genome, seen: Seen) -> None:
        """Take the answer to the last ask."""


Entry = Callable[[Problem, int, int], Contestant]
"""Makes a contestant for a problem, a number of evaluations and a seed."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What was evaluated, by the chromosomes' binary numbers, in order."""

    evaluated: list[int]
    asks: int
    seconds: float  # of the method itself, looking up included


def race(problem: Problem, contestant: Contestant, evaluations: int) -> Trace:
    """Let a contestant ask until it has used up its evaluations.

    Only what a service would have to train for is counted. Asking again is free, as the answer is known. So is an
    infeasible chromosome, as its MACs have a closed form, unless the contestant uses its accuracy.
    """
    start = time.perf_counter()
    evaluated: dict[int, None] = {}
    asks = 0
    while len(evaluated) < evaluations and asks < ASKS * evaluations:
        if (genome := contestant.ask()) is None:
            break
        asks += 1
        seen = problem.seen(genome)
        if seen.excess == 0 or contestant.uses_infeasible:
            evaluated[number_of(genome)] = None
        contestant.tell(genome, seen)
    return Trace(list(evaluated), asks, time.perf_counter() - start)


def best_so_far(problem: Problem, trace: Trace, evaluations: int) -> NDArray[np.float64]:
    """The highest feasible value after 1, 2, ... `evaluations`, (evaluations,); -inf before the first feasible one."""
    numbers = np.array(trace.evaluated, dtype=int)
    values = np.where(problem.feasible[numbers], problem.values[numbers], -np.inf)
    padded = np.full(evaluations, -np.inf)
    padded[: len(values)] = values[:evaluations]
    return np.maximum.accumulate(padded)


def penalised(seen: Seen) -> float:
    """The fitness of a method without constraints: below every feasible one, the lower the dearer (Deb 2000)."""
    return seen.accuracy if seen.excess == 0 else -1.0 - seen.excess
