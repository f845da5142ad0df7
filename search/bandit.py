"""DAS's bandit (NeurIPS 2023): how likely each layer should be skipped, learnt from the losses of drawn skip sets.

Preferences are one number per layer, 0 at first; sigmoid of a preference is the weight with which its layer is drawn.
"""

import math
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from statistics import fmean

SkipSet = frozenset[int]
"""Indexes of the layers to skip."""

TRIES = 64  # draws without a new set before there is taken to be none


def probabilities(preferences: Sequence[float]) -> list[float]:
    """Sigmoid of each preference."""
    return [1 / (1 + math.exp(-preference)) for preference in preferences]


def reward(losses: Mapping[str, float]) -> float:
    """The exponential of minus the sum of the values whose name contains "loss"; between 0 and 1 for losses above 0."""
    return math.exp(-math.fsum(value for name, value in losses.items() if "loss" in name))


def updated(
    preferences: Sequence[float],
    skip_sets: Sequence[Collection[int]],
    rewards: Sequence[float],
    *,
    step_size: float = 1.0,
) -> list[float]:
    """The preferences after one update: g_i += η (r_j - mean r) p_i (1 - p_i) for every set j and every i in it.

    p stays that of the old preferences for the whole update.

    Raises:
        ValueError: there are no sets, or not one reward for each.
    """
    if not skip_sets or len(skip_sets) != len(rewards):
        raise ValueError(f"{len(skip_sets)} skip sets come with {len(rewards)} rewards; expected one each, and some")
    slopes = [p * (1 - p) for p in probabilities(preferences)]
    moved, mean = list(preferences), fmean(rewards)
    for skip_set, given in zip(skip_sets, rewards, strict=True):
        for layer in skip_set:
            moved[layer] += step_size * (given - mean) * slopes[layer]
    return moved


def draw(preferences: Sequence[float], k: int, rng: random.Random) -> SkipSet:
    """`k` distinct layers, multinomial without replacement: the published setting.

    Raises:
        ValueError: there are fewer layers.
    """
    if k > len(preferences):
        raise ValueError(f"{k} layers are to be skipped; there are {len(preferences)}")
    return frozenset(islice(_one_by_one(preferences, rng), k))


def draw_until(preferences: Sequence[float], enough: Callable[[SkipSet], bool], rng: random.Random) -> SkipSet:
    """As many layers, drawn as in `draw`, as it takes until `enough`, or all: our design, for a budget in MACs."""
    skipped: SkipSet = frozenset()
    layers = _one_by_one(preferences, rng)
    while not enough(skipped) and len(skipped) < len(preferences):
        skipped |= {next(layers)}
    return skipped


def distinct_sets(drawn: Callable[[], SkipSet], count: int) -> list[SkipSet]:
    """`count` mutually distinct sets, in the order of the draws; fewer where no more turn up."""
    found: dict[SkipSet, None] = {}
    vain = 0
    while len(found) < count and vain < TRIES:
        known = len(found)
        found[drawn()] = None
        vain = vain + 1 if len(found) == known else 0
    return list(found)


def ranked(preferences: Sequence[float]) -> list[int]:
    """The layers, the one most likely to be skipped first; of equals the one with the lower index."""
    return sorted(range(len(preferences)), key=lambda layer: -preferences[layer])


def top(preferences: Sequence[float], k: int) -> SkipSet:
    """The `k` layers most likely to be skipped: the published result of the search."""
    return frozenset(ranked(preferences)[:k])


def _one_by_one(preferences: Sequence[float], rng: random.Random) -> Iterator[int]:
    """Every layer once, each next one drawn by the weights of those that are left."""
    weights = probabilities(preferences)
    left = list(range(len(weights)))
    while left:
        layer = rng.choices(left, [weights[each] for each in left])[0]
        left.remove(layer)
        yield layer
