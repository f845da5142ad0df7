"""NSGA-III's selection: reference points, niches, and objectives of any scale."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.algorithm_spec import Nsga3Spec
from search.contracts import Candidate
from search.ledger import Measured
from search.nsga3 import Nsga3, fitting_divisions, spread_over_niches
from search.ranking import individuals
from search.spec import Objective
from tests.search.landscape import made_up_space

THREE = (Objective.ACCURACY, Objective.MACS, Objective.LATENCY)
SPACE = made_up_space(blocks=4)
SPEC = Nsga3Spec(population=12, surrogate=None)


def selected(points: list[tuple[float, float, float]], count: int, *, scale: float = 1.0) -> list[int]:
    measured = [
        Measured(Candidate(index, (index,)), {"accuracy": a, "macs": scale * m, "latency_ms": t})
        for index, (a, m, t) in enumerate(points)
    ]
    algorithm = Nsga3(SPACE, SPEC, objectives=THREE, budget=None, candidates=20, rng=random.Random(0))
    return [each.candidate.index for each in algorithm._select(individuals(measured, THREE), count)]


@pytest.mark.parametrize(
    ("objectives", "population", "divisions"), [(2, 16, 15), (3, 16, 4), (3, 14, 3), (5, 16, 2), (5, 4, 1)]
)
def test_reference_points_fit_the_population(objectives: int, population: int, divisions: int) -> None:
    assert fitting_divisions(objectives, population) == divisions


def test_the_ends_of_a_front_stay_and_the_rest_spreads() -> None:
    simplex = [(-a / 8, b / 8, (8 - a - b) / 8) for a in range(9) for b in range(9 - a)]
    chosen = selected(simplex, 12)
    assert len(chosen) == len(set(chosen)) == 12
    ends = {simplex.index(point) for point in ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))}
    assert ends <= set(chosen)


def test_the_scale_of_an_objective_does_not_matter() -> None:
    luck = random.Random(3)
    points = [(luck.random(), luck.random(), luck.random()) for _ in range(60)]
    assert selected(points, 12) == selected(points, 12, scale=2.0**40)


def test_a_dominated_one_waits_until_the_front_is_in() -> None:
    points = [(0.9, 5.0, 5.0), (0.8, 6.0, 6.0), (0.5, 1.0, 9.0), (0.5, 9.0, 1.0)]
    assert set(selected(points, 3)) == {0, 2, 3}
    assert len(selected(points, 9)) == 4


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(0, 99), st.data())
def test_niches_fill_evenly(niches: list[int], seed: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(niches)))
    before = np.array(data.draw(st.lists(st.integers(0, 3), min_size=6, max_size=6)))
    distances = np.array([float(place) for place in range(len(niches))])
    chosen = spread_over_niches(np.array(niches), distances, taken=before, count=count, rng=random.Random(seed))
    assert len(set(chosen)) == len(chosen) == count
    after = before + np.bincount([niches[place] for place in chosen], minlength=6)
    left = {niches[place] for place in range(len(niches)) if place not in chosen}
    for niche in {niches[place] for place in chosen}:
        assert all(after[niche] <= after[other] + 1 for other in left)
