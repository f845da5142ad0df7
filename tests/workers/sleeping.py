"""Work that takes time and nothing else, and a search without end: what the tests of the workers' comings need."""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from search.contracts import Candidate, Fidelity, Outcome
from workers.scoring_job import ScoringJob


@dataclass(frozen=True)
class Sleeper:
    """Takes `seconds` for each candidate of a pack and says which process it was."""

    seconds: float
    pack: int

    def measure(self, candidates: Sequence[Candidate]) -> list[Outcome]:
        time.sleep(self.seconds * len(candidates))
        return [{"accuracy": 0.5, "pid": float(os.getpid()), "pack": float(len(candidates))} for _ in candidates]

    def pack_size(self, fidelity: Fidelity) -> int:
        return self.pack


@dataclass(frozen=True)
class Sleepers:
    """Opens a sleeper in each worker."""

    seconds: float
    pack: int = 1

    def __call__(self, job: ScoringJob, *, threads: int, memory_share: float | None) -> Sleeper:
        return Sleeper(self.seconds, self.pack)


class Endless:
    """Asks until `enough` says so after a tell, or `limit` seconds are over."""

    def __init__(self, enough: Callable[["Endless"], bool], limit: float = 60.0) -> None:
        self._enough = enough
        self._end = time.monotonic() + limit
        self.asked = 0
        self.told: dict[int, dict[str, float]] = {}
        self.stopped = False

    @property
    def finished(self) -> bool:
        return self.stopped or time.monotonic() > self._end

    def ask(self) -> Candidate | None:
        self.asked += 1
        return Candidate(self.asked - 1, (0,))

    def tell(self, index: int, outcome: Outcome) -> None:
        assert index not in self.told, "an outcome counts once"
        assert isinstance(outcome, dict), outcome
        self.told[index] = outcome
        self.stopped = self.stopped or self._enough(self)

    def front(self) -> list[Candidate]:
        return []

    def tellers(self, since: int = 0) -> Counter[float]:
        """How many outcomes each process brought, from the one with the number `since` on."""
        return Counter(outcome["pid"] for outcome in list(self.told.values())[since:])
