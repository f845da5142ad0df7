"""DAS's bandit (NeurIPS 2023) in the contest: its preferences learn from looked-up accuracies in place of losses."""

import random
from collections import deque
from collections.abc import Sequence

from benchmarks.quality_problem import Problem, Seen
from search.algorithm_spec import DasSpec
from search.bandit import SkipSet, reward, updated
from search.contracts import Genome
from search.das import Das


class Bandit:
    """Compares different skip sets, moves the preferences, and evaluates what these would decide as well.

    Sets are drawn until the MACs budget holds and the loss is the share of wrong answers: both our design, as the
    table has no losses. The published search trains between two updates; here an answer does not depend on that.
    """

    uses_infeasible = False

    def __init__(self, problem: Problem, evaluations: int, seed: int) -> None:
        del evaluations  # it goes on for as long as it is asked
        self._das = Das(problem.space, DasSpec(), problem.budget)
        self._rng = random.Random(seed)
        self._preferences = [0.0] * len(problem.space.layers)
        self._sets: Sequence[SkipSet] = ()
        self._waiting: deque[Genome] = deque()
        self._rewards: list[float] = []

    def ask(self) -> Genome:
        """A drawn set's chromosome, or the one that the preferences decide."""
        if not self._waiting:
            self._turn()
        return self._waiting[0]

    def tell(self, genome: Genome, seen: Seen) -> None:
        """Take the answer to the last ask."""
        del genome
        self._waiting.popleft()
        self._rewards.append(reward({"loss": 1.0 - seen.accuracy}))

    def _turn(self) -> None:
        if self._sets:
            rewards = self._rewards[: len(self._sets)]
            self._preferences = updated(self._preferences, self._sets, rewards)
        self._sets, self._rewards = self._das.candidates(self._preferences, self._rng), []
        self._waiting.extend(map(self._das.genome, self._sets))
        self._waiting.append(self._das.decide(self._preferences))
