"""Two objectives at once: how much of the true front's hypervolume a contestant has covered, by pymoo."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pymoo.indicators.hv import HV

from benchmarks.quality_figures import CHECKPOINTS, Interval
from benchmarks.quality_loop import Trace
from benchmarks.quality_problem import Problem


def covered(problem: Problem, trace: Trace, evaluations: int) -> dict[int, float]:
    """By evaluations: hypervolume of what was evaluated until then, as a share of the true front's.

    Both objectives are scaled to the true front's range and the reference point is its worst corner, so that the
    share is 0 for a contestant that has found nothing within that corner, and 1 for the whole front.
    """
    costs = _costs(problem)
    front = nondominated(costs)
    worst, best = front.max(0), front.min(0)
    volume = HV(ref_point=np.ones(2))
    whole = volume((front - best) / (worst - best))
    scaled = (costs[np.array(trace.evaluated)] - best) / (worst - best)
    points = [point for point in CHECKPOINTS if point <= evaluations]
    return {point: float(volume(scaled[:point]) / whole) for point in points}


def nondominated(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The different rows of (C, 2) costs that no other row betters in one and equals in the other."""
    ordered = costs[np.lexsort((costs[:, 1], costs[:, 0]))]
    before = np.concatenate([[np.inf], np.minimum.accumulate(ordered[:, 1])[:-1]])
    return ordered[ordered[:, 1] < before]


def front_figures(problem: Problem, traces: Sequence[Trace], evaluations: int) -> Mapping[int, NDArray[np.float64]]:
    """By evaluations: the covered share of each seed."""
    shares = [covered(problem, trace, evaluations) for trace in traces]
    return {point: np.array([each[point] for each in shares]) for point in shares[0]}


def front_json(shares: Mapping[int, NDArray[np.float64]]) -> dict[str, dict[str, float]]:
    """By evaluations: the median over seeds with its interval."""
    intervals = {point: Interval.of(values) for point, values in shares.items()}
    return {str(point): {"median": i.median, "low": i.low, "high": i.high} for point, i in intervals.items()}


def _costs(problem: Problem) -> NDArray[np.float64]:
    """(C, 2), less is better: wrong share, MACs."""
    return np.stack([1.0 - problem.values, problem.macs.astype(float)], axis=1)
