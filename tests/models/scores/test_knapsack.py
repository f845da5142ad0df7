"""The knapsack against every subset."""

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.scores.knapsack import knapsack

ITEMS = st.lists(st.tuples(st.integers(-3, 20), st.integers(1, 12)), max_size=9)


@given(ITEMS, st.integers(0, 40))
def test_no_subset_that_fits_gains_more(items: list[tuple[int, int]], capacity: int) -> None:
    chosen = knapsack([gain for gain, _ in items], [size for _, size in items], capacity)
    places = range(len(items))
    subsets = chain.from_iterable(combinations(places, count) for count in range(len(items) + 1))
    fitting = [subset for subset in subsets if sum(items[place][1] for place in subset) <= capacity]
    assert chosen in fitting
    assert sum(items[at][0] for at in chosen) == max(sum(items[at][0] for at in subset) for subset in fitting)


def test_greed_is_not_enough() -> None:
    assert knapsack([6.0, 5.0, 5.0], [5, 4, 4], 8) == (1, 2)


def test_a_backbone_of_many_equal_modules() -> None:
    gains = [float(place * 7 % 82) for place in range(82)]
    assert sorted(gains[place] for place in knapsack(gains, [149_856] * 82, 10 * 149_856)) == list(range(72, 82))


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="2 gains and 1 sizes"):
        knapsack([1.0, 2.0], [1], 3)
    with pytest.raises(ValueError, match="1 or more, not 0"):
        knapsack([1.0], [0], 3)
