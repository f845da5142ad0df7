"""`Spread`: many measured values as a few; `paired`: how many times one is the other, turn by turn."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """In the unit of the values."""

    mean: float
    median: float
    p99: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The spread of at least one value; with fewer than 100, `p99` is about the largest."""
        ordered = sorted(values)
        last = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
        return cls(mean=statistics.fmean(values), median=statistics.median(values), p99=last, count=len(values))


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over turns of ours / theirs: what changes from turn to turn, changes for both.

    Raises:
        ValueError: they have not been measured in the same turns.
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError(f"{len(ours)} values beside {len(theirs)}: a ratio needs both in every turn")
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
