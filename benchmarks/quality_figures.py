"""What many seeds of a contestant say: medians with their intervals, shares, and whether a difference is luck."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality_loop import Trace, best_so_far
from benchmarks.quality_problem import Problem

CHECKPOINTS = (20, 40, 80, 160, 320)
GOALS = (0.99, 0.999)
DRAWS = 10_000
INTERVAL = (2.5, 97.5)  # percent


@dataclass(frozen=True, slots=True)
class Interval:
    """A median over seeds and where it lies with 95 %, by bootstrap (Efron 1979, percentiles)."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> "Interval":
        """Of one value a seed; inf where a seed never got there."""
        medians = np.median(_resampled(values), axis=1)
        low, high = np.percentile(medians, INTERVAL, method="nearest")
        return cls(float(np.median(values)), float(low), float(high))


@dataclass(frozen=True, slots=True)
class Standing:
    """One contestant on one problem over all seeds."""

    regrets: Mapping[int, NDArray[np.float64]]  # by evaluations, one a seed: optimum minus best; inf: nothing feasible
    reached: Mapping[float, NDArray[np.float64]]  # by goal, one a seed: evaluations it took; inf: never
    asks: float  # mean over seeds
    seconds: float  # mean over seeds

    @classmethod
    def of(cls, problems: Sequence[Problem], traces: Sequence[Trace], evaluations: int) -> "Standing":
        """From the trace of each seed and the problem it was on."""
        best = np.stack([best_so_far(*pair, evaluations) for pair in zip(problems, traces, strict=True)])
        optima = np.array([each.optimum for each in problems])
        points = [point for point in CHECKPOINTS if point <= evaluations]
        goals = {goal: np.array([each.threshold(goal) for each in problems]) for goal in GOALS}
        return cls(
            {point: optima - best[:, point - 1] for point in points},
            {goal: _first(best >= least[:, None]) for goal, least in goals.items()},
            float(np.mean([each.asks for each in traces])),
            float(np.mean([each.seconds for each in traces])),
        )

    def to_json(self) -> dict[str, object]:
        """Medians with intervals; a number that is no number is null."""
        return {
            "regret": {str(point): _finite(Interval.of(values)) for point, values in self.regrets.items()},
            "evaluations_to": {str(goal): _finite(Interval.of(values)) for goal, values in self.reached.items()},
            "share_reaching": {str(goal): self.share(goal) for goal in self.reached},
            "asks": self.asks,
            "seconds": self.seconds,
        }

    def share(self, goal: float) -> float:
        """Share of seeds that reach a goal."""
        return float(np.isfinite(self.reached[goal]).mean())


def advantage(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Interval:
    """Mean of theirs minus ours, seed by seed, with its 95 % interval (paired bootstrap); above 0 we lose less."""
    differences = theirs - ours
    means = _resampled(differences).mean(1)
    low, high = np.percentile(means, INTERVAL)
    return Interval(float(differences.mean()), float(low), float(high))


def _resampled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    drawn: NDArray[np.float64] = values[rng.integers(0, len(values), (DRAWS, len(values)))]
    return drawn


def _first(there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The first place of each row that is true, counted from 1; inf without one."""
    return np.where(there.any(1), there.argmax(1) + 1.0, np.inf)


def _finite(interval: Interval) -> dict[str, float | None]:
    named = {"median": interval.median, "low": interval.low, "high": interval.high}
    return {name: value if np.isfinite(value) else None for name, value in named.items()}
