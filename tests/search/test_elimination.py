"""From a ranking of layers to chromosomes within a budget."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.elimination import eliminated, least_dense_first, neighbourhood
from tests.search.landscape import made_up_space

SPACE = made_up_space(blocks=3, patch_ratios=[0.5, 1.0])  # attention costs 300, an FFN 700
BUDGETS = st.integers(SPACE.min_macs(), SPACE.macs(SPACE.full))


def test_scores_are_weighed_by_what_a_drop_saves() -> None:
    assert least_dense_first(SPACE, [3.0, 6.0, 1.0, 1.0, 9.0, 2.0]) == [2, 3, 5, 0, 1, 4]
    assert least_dense_first(SPACE, [-1.0, -1.0, -4.0, -3.0, 0.0, -2.0]) == [2, 3, 5, 1, 0, 4]  # shifted to 0


def test_layers_whose_drop_saves_nothing_come_last() -> None:
    wide = made_up_space(blocks=2, dropped="bottleneck:400")  # 500: more than attention, less than an FFN
    assert least_dense_first(wide, [0.0, 5.0, 0.0, 4.0]) == [3, 1, 0, 2]


@given(st.permutations(range(6)), BUDGETS)
def test_an_order_is_followed_as_far_as_needed(order: list[int], budget: int) -> None:
    genome = eliminated(SPACE, order, budget)
    assert SPACE.feasible(genome, budget)
    for gene in range(6):
        assert genome[gene] or not SPACE.feasible(SPACE.flipped(genome, gene), budget)
    assert (genome[6] == 1) == (budget >= SPACE.macs((0,) * 6 + (1,)))


def test_what_fits_again_is_kept_again() -> None:
    budget = SPACE.macs(SPACE.full) - 650
    assert eliminated(SPACE, [0, 2, 1, 3, 4, 5], budget) == (1, 0, 1, 1, 1, 1, 1)


def test_an_unreachable_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="no chromosome costs at most 9"):
        eliminated(SPACE, range(6), 9)


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6), BUDGETS)
def test_a_neighbourhood_is_feasible_and_without_repetition(scores: list[float], budget: int) -> None:
    found = neighbourhood(SPACE, scores, budget)
    assert found[0] == eliminated(SPACE, least_dense_first(SPACE, scores), budget)
    assert len(set(found)) == len(found) <= 5
    assert all(SPACE.feasible(genome, budget) for genome in found)


def test_a_wide_space_has_several_neighbours() -> None:
    space = made_up_space(blocks=12)
    rng = random.Random(0)
    scores = [rng.random() for _ in range(24)]
    assert len(neighbourhood(space, scores, round(0.7 * space.macs(space.full)))) == 5
