"""`RankCorrelation`: whether one score ranks as another does, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from search.verdict import Verdict

Table = NDArray[np.float64]

RESAMPLES = 2000
LEVEL = 0.95
TRUSTED = 0.5  # rank correlation above which a score is worth following
DECIDABLE = 6  # pairs; of fewer, luck puts all in one order too often (1 in 24 of four)


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """Spearman's coefficient with its 95 % percentile bootstrap interval (Efron 1979); None where undefined.

    It is undefined where one side gave everything the same number, or the sample has fewer than two pairs.
    """

    pairs: int
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, first: Sequence[float], second: Sequence[float], *, seed: int) -> Self:
        """The coefficient of pairs; resamples in which it is undefined are left out of the interval.

        Raises:
            ValueError: the sides have different lengths.
        """
        if len(first) != len(second):
            raise ValueError(f"{len(first)} scores cannot be paired with {len(second)}")
        pairs, one, two = len(first), np.asarray(first, dtype=float), np.asarray(second, dtype=float)
        if pairs < 2 or not np.isfinite(value := _spearman(one[None], two[None])[0]):
            return cls(pairs, None, None, None)
        draws = np.random.default_rng(seed).integers(pairs, size=(RESAMPLES, pairs))
        values = _spearman(one[draws], two[draws])
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(values[np.isfinite(values)], [tail, 1 - tail])
        return cls(pairs, float(value), float(low), float(high))

    @property
    def verdict(self) -> Verdict:
        """By the interval alone; open below `DECIDABLE` pairs, whose interval is too narrow (our design)."""
        if self.low is None or self.high is None or self.pairs < DECIDABLE:
            return Verdict.OPEN
        if self.low > TRUSTED:
            return Verdict.TRUSTED
        return Verdict.NOT_TRUSTED if self.high < TRUSTED else Verdict.OPEN

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return f"rank correlation undefined: all alike, or one pair ({self.pairs} candidates)"
        return (
            f"rank correlation {self.value:.2f}, 95 % interval {self.low:.2f} to {self.high:.2f}, "
            f"{self.pairs} candidates"
        )


def _spearman(first: Table, second: Table) -> Table:
    """Spearman's coefficient of each row of two (R, n) tables, (R,); NaN where a row is constant. Ties share ranks."""
    from scipy.stats import rankdata  # half a second to load, for what is asked at the end of a search

    ranks = (rankdata(table, axis=1) for table in (first, second))
    one, two = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    spread = np.sqrt(np.square(one).sum(axis=1) * np.square(two).sum(axis=1))
    found = np.full(len(spread), np.nan)
    np.divide((one * two).sum(axis=1), spread, out=found, where=spread > 0)
    return found
