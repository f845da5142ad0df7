"""From scores to sub-layers kept, without a search: what a population is seeded with, and a baseline (our design)."""

import math
from collections.abc import Sequence


def drop_order(scores: Sequence[float], costs: Sequence[float]) -> list[int]:
    """The places of the sub-layers in the order in which they should go: the lowest score for its cost first.

    Where scores fall below zero all are raised so that the lowest is 0, or a high cost would make a bad one look good.
    Of equals the dearer one goes first, then the later one.

    Args:
        scores: one per sub-layer, higher where it is more worth keeping.
        costs: one per sub-layer in the same order, such as its MACs; positive.

    Raises:
        ValueError: the two differ in length, a score is not finite, or a cost is not positive.
    """
    if len(scores) != len(costs):
        raise ValueError(f"{len(scores)} scores and {len(costs)} costs; a sub-layer has one of each")
    if not all(map(math.isfinite, scores)):
        raise ValueError(f"scores are finite, not {list(scores)}")
    if not all(cost > 0 for cost in costs):
        raise ValueError(f"a sub-layer's cost is positive, not {min(costs)}")
    floor = min(0.0, *scores) if scores else 0.0
    return sorted(range(len(scores)), key=lambda at: ((scores[at] - floor) / costs[at], -costs[at], -at))


def keep_within(scores: Sequence[float], costs: Sequence[float], *, budget: float) -> tuple[bool, ...]:
    """Which sub-layers stay when they go in `drop_order` until those left cost no more than `budget`.

    Raises:
        ValueError: as `drop_order`, or the budget is negative.
    """
    if budget < 0:
        raise ValueError(f"a budget is 0 or more, not {budget}")
    kept = set(range(len(scores)))
    for place in drop_order(scores, costs):
        if sum(costs[each] for each in kept) <= budget:
            break
        kept.discard(place)
    return tuple(place in kept for place in range(len(scores)))
