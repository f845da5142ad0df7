"""The driver's own work for each candidate: the algorithm's ask and tell with a history behind it, and the pump."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.registry import BackboneRegistry
from search.algorithms import search_algorithm
from search.build import build_space, macs_budget
from search.contracts import Candidate, Genome, Measurement, SearchAlgorithm
from search.space import SearchSpace
from search.spec import SearchSpec, parse_spec
from workers.attendance import Presence
from workers.lease_queue import Told
from workers.pump import pump

BACKBONE = "shapes-vilt"
MANY = 1_000_000  # candidates: no measured history comes near the end of the search
FEWEST = 10  # candidates measured, however long they take


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmTime:
    """Mean microseconds of an ask and a tell, all model fits and closed generations in between included."""

    algorithm: str
    history: int  # candidates told before
    candidates: int  # measured after these
    microseconds: float
    worst_ms: float  # the longest that one ask and tell took: a generation closes, a surrogate is fitted


def algorithm_spec(algorithm: Mapping[str, Any]) -> SearchSpec:
    """A search without an end in sight; several objectives where the algorithm is for those."""
    several = ["accuracy", "macs"] if algorithm["name"].startswith("nsga") else ["accuracy"]
    budget = {"candidates": MANY}
    return parse_spec({"backbone": BACKBONE, "algorithm": dict(algorithm), "objectives": several, "budget": budget})


def algorithm_times(
    algorithm: Mapping[str, Any], *, name: str, histories: Sequence[int], candidates: int, patience: float
) -> Iterator[AlgorithmTime]:
    """Times after each length of history, which rise.

    After `patience` seconds on the way to one, they are measured there, after fewer, and that is the last of them.
    """
    spec = algorithm_spec(algorithm)
    space = build_space(spec, BackboneRegistry().get(BACKBONE))
    searching = _Searching(search_algorithm(spec, space, macs_budget(spec, space)), space)
    for history in histories:
        searching.reach(history, patience)
        reached = searching.told
        times = searching.times(candidates, patience)
        yield AlgorithmTime(
            algorithm=name,
            history=reached,
            candidates=len(times),
            microseconds=1e6 * sum(times) / len(times),
            worst_ms=1e3 * max(times),
        )
        if reached < history:
            return


@dataclass(slots=True)
class _Searching:
    """An algorithm whose every candidate is told before the next is asked."""

    algorithm: SearchAlgorithm
    space: SearchSpace
    told: int = 0

    def reach(self, history: int, patience: float) -> None:
        """Tell until so many are told, or patience ends."""
        deadline = time.perf_counter() + patience
        while self.told < history and time.perf_counter() < deadline:
            self.one()

    def times(self, candidates: int, patience: float) -> list[float]:
        """Seconds of each of so many more candidates; of fewer, when patience ends."""
        deadline = time.perf_counter() + patience
        found = [self.one() for _ in range(FEWEST)]
        while len(found) < candidates and time.perf_counter() < deadline:
            found.append(self.one())
        return found

    def one(self) -> float:
        """Seconds to ask and to tell one candidate.

        Raises:
            RuntimeError: there is none any more.
        """
        start = time.perf_counter()
        candidate = self.algorithm.ask()
        asked = time.perf_counter() - start
        if candidate is None:
            raise RuntimeError(f"the algorithm asks nothing after {self.told} candidates")
        outcome = pretended(candidate.genome, self.space)
        start = time.perf_counter()
        self.algorithm.tell(candidate.index, outcome)
        self.told += 1
        return asked + time.perf_counter() - start


def pretended(genome: Genome, space: SearchSpace) -> Measurement:
    """A measurement that follows from the chromosome: what is kept early is worth more, with noise of its own."""
    noise = random.Random(hash(genome)).gauss(0, 0.01)
    worth = sum(choice / (2 + place) for place, choice in enumerate(genome))
    return {"accuracy": 0.4 + worth / 20 + noise, "macs": float(space.macs(genome)), "seconds": 1.0}


def pump_microseconds(candidates: int) -> float:
    """Mean time of the driver's loop for one candidate, with an algorithm and a counter that cost nothing."""
    start = time.perf_counter()
    pump(_Counting(candidates), _Instant())
    return 1e6 * (time.perf_counter() - start) / candidates


@dataclass(slots=True)
class _Counting:
    """Asks one chromosome so many times."""

    candidates: int
    asked: int = 0
    told: int = 0

    @property
    def finished(self) -> bool:
        return self.told == self.candidates

    def ask(self) -> Candidate | None:
        if self.asked == self.candidates:
            return None
        self.asked += 1
        return Candidate(self.asked - 1, ())

    def tell(self, index: int, outcome: object) -> None:  # noqa: ARG002 - an algorithm's
        self.told += 1

    def front(self) -> Sequence[Candidate]:
        return ()


@dataclass(frozen=True, slots=True)
class _Instant:
    """A counter whose workers have finished at once; it has room for a thousand candidates."""

    room: int = 1000

    def exchange(self, candidates: Sequence[Candidate], *, more: bool) -> Sequence[Told]:  # noqa: ARG002 - a counter's
        return [Told(each.index, {"accuracy": 0.5}, 1.0) for each in candidates]

    def presence(self) -> Presence:
        return Presence(1, 1.0, 1.0)
