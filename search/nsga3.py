"""`Nsga3`: NSGA-III (Deb and Jain 2014) for accuracy against two and more costs, with DEAP's reference points."""

import math
import random
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from deap import tools
from deap.tools import emo

from search.algorithm_spec import Nsga3Spec
from search.nsga2 import Nsga2
from search.ranking import Individual, beats
from search.regression import Floats


class Nsga3(Nsga2):
    """Parents are the `population` best by front, then spread evenly over reference directions.

    DEAP sorts, finds the hyperplane and associates; the niching is here, as DEAP's draws from NumPy's global
    generator. Objectives are scaled to their ranges first: DEAP compares them as they come, and MACs are 10⁹ where
    accuracy is 1.
    """

    @cached_property
    def _reference(self) -> Floats:
        """The reference points, (points, objectives)."""
        count, divisions = len(self._objectives), self._spec.divisions if isinstance(self._spec, Nsga3Spec) else None
        points = tools.uniform_reference_points(count, divisions or fitting_divisions(count, self._spec.population))
        return np.asarray(points, dtype=np.float64)

    def _select(self, pool: Sequence[Individual], count: int) -> list[Individual]:
        fronts = tools.sortLogNondominated(pool, min(count, len(pool)))
        ranked = [each for front in fronts for each in front]
        if len(ranked) <= count:
            return ranked
        niches, distances = self._associate(ranked)
        certain = len(ranked) - len(fronts[-1])
        taken = np.bincount(niches[:certain], minlength=len(self._reference))
        last = spread_over_niches(
            niches[certain:], distances[certain:], taken=taken, count=count - certain, rng=self._rng
        )
        return ranked[:certain] + [ranked[certain + place] for place in last]

    def _associate(self, ranked: Sequence[Individual]) -> tuple[Any, Floats]:
        """Of each individual: its reference point (N,), and how far it is from that direction (N,)."""
        costs = -np.array([each.fitness.wvalues for each in ranked])
        least, span = costs.min(axis=0), np.ptp(costs, axis=0)
        scaled = (costs - least) / np.where(span > 0, span, 1.0)
        ideal, worst = np.zeros(len(span)), np.ones(len(span))
        intercepts = emo.find_intercepts(emo.find_extreme_points(scaled, ideal), ideal, worst, worst)
        return emo.associate_to_niche(scaled, self._reference, ideal, intercepts)  # type: ignore[no-any-return]

    def _wins(self, one: Individual, other: Individual) -> bool:
        """Feasible first, else by luck: selection keeps the spread (Jain and Deb 2014)."""
        return bool(one.violation or other.violation) and beats(one, other)


def fitting_divisions(objectives: int, population: int) -> int:
    """The most divisions whose reference points are no more than `population`; at least one (our design)."""
    divisions = 1
    while math.comb(objectives + divisions, divisions + 1) <= population:
        divisions += 1
    return divisions


def spread_over_niches(niches: Any, distances: Floats, *, taken: Any, count: int, rng: random.Random) -> list[int]:  # noqa: ANN401  # NumPy's integers
    """Places of `count` individuals, one by one from a niche that has fewest (Deb and Jain 2014, algorithm 4).

    `niches` (N,) and `distances` (N,) are theirs; `taken` (niches,) says how many each niche has already. The nearest
    to an empty niche's direction is taken, else any.
    """
    left = list(range(len(niches)))
    taken, chosen = taken.copy(), list[int]()
    while len(chosen) < count:
        open_niches = sorted({int(niches[place]) for place in left})
        fewest = min(taken[niche] for niche in open_niches)
        niche = rng.choice([each for each in open_niches if taken[each] == fewest])
        members = [place for place in left if niches[place] == niche]
        place = rng.choice(members) if fewest else min(members, key=lambda each: distances[each])
        taken[niche] += 1
        left.remove(place)
        chosen.append(place)
    return chosen
