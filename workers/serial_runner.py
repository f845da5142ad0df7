"""Runs a search in this process, one candidate after another: tests, benchmarks and `--local`."""

import time
from collections.abc import Callable

from search.contracts import Candidate, Outcome, SearchAlgorithm, Utilisation


class SerialRunner:
    """A `Runner` over one function that measures a candidate."""

    def __init__(self, measure: Callable[[Candidate], Outcome]) -> None:
        self._measure = measure

    def run(self, algorithm: SearchAlgorithm) -> Utilisation:
        """Ask, measure, tell until the algorithm is finished."""
        start, useful, candidates = time.perf_counter(), 0.0, 0
        while (candidate := algorithm.ask()) is not None:
            began = time.perf_counter()
            outcome = self._measure(candidate)
            useful += time.perf_counter() - began
            candidates += 1
            algorithm.tell(candidate.index, outcome)
        return Utilisation(1, time.perf_counter() - start, useful, candidates)
