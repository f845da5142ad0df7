"""Who is better: Deb's feasible-first rules, Pareto fronts and the spread of winners along them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.contracts import Candidate, Failure
from search.ledger import Measured
from search.ranking import best, constrained_fitness, pareto_front
from search.spec import Objective

BOTH = (Objective.ACCURACY, Objective.MACS)
POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12)


def measured(points: list[tuple[float, float]]) -> list[Measured]:
    return [
        Measured(Candidate(index, (index,)), {"accuracy": accuracy, "macs": macs})
        for index, (accuracy, macs) in enumerate(points)
    ]


def indexes(candidates: list[Candidate]) -> list[int]:
    return [candidate.index for candidate in candidates]


def test_feasible_comes_first_then_the_smaller_violation_then_failures() -> None:
    worst_to_best = [
        constrained_fitness(Failure("diverged"), violation=0),
        constrained_fitness({"accuracy": 0.9}, violation=7),
        constrained_fitness({"accuracy": 0.1}, violation=3),
        constrained_fitness({"accuracy": 0.0}, violation=0),
        constrained_fitness({"accuracy": 0.4}, violation=0),
    ]
    assert all(worse < better for worse, better in pairwise(worst_to_best))


@given(POINTS)
def test_the_front_is_what_nothing_dominates(points: list[tuple[float, float]]) -> None:
    def dominated(point: tuple[float, float]) -> bool:
        return any(other[0] >= point[0] and other[1] <= point[1] and other != point for other in points)

    front = [points[index] for index in indexes(pareto_front(measured(points), BOTH))]
    assert front == sorted({point for point in points if not dominated(point)}, reverse=True)


def test_of_equals_the_first_asked_is_kept() -> None:
    assert indexes(pareto_front(measured([(0.5, 3), (0.7, 9), (0.7, 9), (0.5, 3)]), BOTH)) == [1, 0]
    assert indexes(pareto_front(measured([(0.5, 3), (0.7, 9), (0.7, 8)]), (Objective.ACCURACY,))) == [1]


def test_one_objective_takes_the_most_accurate() -> None:
    assert indexes(best(measured([(0.5, 1), (0.9, 9), (0.7, 1), (0.9, 2)]), (Objective.ACCURACY,), 3)) == [1, 3, 2]


@pytest.mark.parametrize(("count", "places"), [(1, [0]), (2, [0, 8]), (3, [0, 4, 8]), (5, [0, 2, 4, 6, 8])])
def test_several_objectives_spread_along_the_front(count: int, places: list[int]) -> None:
    front = measured([(9 - place, 9 - place) for place in range(9)])
    assert indexes(best(front, BOTH, count)) == places


def test_a_short_front_is_taken_whole() -> None:
    assert indexes(best(measured([(0.5, 1), (0.9, 9)]), BOTH, 5)) == [1, 0]
    assert best([], BOTH, 5) == []
