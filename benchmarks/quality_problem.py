"""A search problem whose every answer is known: what each chromosome is worth, what it costs, what is allowed."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.table_space import number_of
from search.contracts import Genome
from search.space import SearchSpace


@dataclass(frozen=True, slots=True)
class Seen:
    """What a contestant is told of a chromosome: how good, how dear, by which share of the bound it is too dear."""

    accuracy: float
    macs: int
    excess: float  # 0 where feasible


@dataclass(frozen=True)
class Problem:
    """Binary genes; `values` and `macs` by the chromosome's binary number, (2^genes,) each; more value is better.

    `budget` in MACs says what is feasible; None: everything.
    """

    name: str
    space: SearchSpace
    values: NDArray[np.float64]
    macs: NDArray[np.int64]
    budget: int | None

    @cached_property
    def feasible(self) -> NDArray[np.bool_]:
        """Whether each chromosome is within the budget, (2^genes,)."""
        within: NDArray[np.bool_] = self.macs <= (np.inf if self.budget is None else self.budget)
        return within

    @cached_property
    def optimum(self) -> float:
        """The highest feasible value."""
        return float(self.values[self.feasible].max())

    def threshold(self, share: float) -> float:
        """The lowest value of the best 1 - `share` of the feasible chromosomes."""
        return float(np.quantile(self.values[self.feasible], share, method="higher"))

    def seen(self, genome: Genome) -> Seen:
        """What measuring `genome` gives."""
        number = number_of(genome)
        macs = int(self.macs[number])
        excess = 0.0 if self.budget is None else max(macs - self.budget, 0) / self.budget
        return Seen(float(self.values[number]), macs, excess)
