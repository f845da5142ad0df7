"""From scores to sub-layers kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.scores.keep import drop_order, keep_within

SUB_LAYERS = st.lists(st.tuples(st.floats(-100, 100, allow_nan=False), st.integers(1, 10**9)), max_size=30)


def test_the_lowest_score_for_its_cost_goes_first() -> None:
    assert drop_order([4.0, 3.0, 2.0], [8, 2, 1]) == [0, 1, 2]


def test_a_high_cost_makes_no_bad_score_good() -> None:
    assert drop_order([-2.0, -1.0, 1.0], [100, 10, 10]) == [0, 1, 2]


def test_of_equals_the_dearer_one_goes_first_then_the_later_one() -> None:
    assert drop_order([0.0, 0.0, 0.0, 1.0], [1, 2, 1, 1]) == [1, 2, 0, 3]


@given(SUB_LAYERS)
def test_every_sub_layer_goes_once(sub_layers: list[tuple[float, int]]) -> None:
    order = drop_order([score for score, _ in sub_layers], [cost for _, cost in sub_layers])
    assert sorted(order) == list(range(len(sub_layers)))


@given(SUB_LAYERS, st.floats(0, 1))
def test_the_budget_is_kept_and_used(sub_layers: list[tuple[float, int]], share: float) -> None:
    scores, costs = [score for score, _ in sub_layers], [cost for _, cost in sub_layers]
    budget = share * sum(costs)
    kept = keep_within(scores, costs, budget=budget)
    spent = sum(cost for cost, keeps in zip(costs, kept, strict=True) if keeps)
    gone = [place for place in drop_order(scores, costs) if not kept[place]]
    assert spent <= budget
    assert gone == drop_order(scores, costs)[: len(gone)]
    if gone:
        assert spent + costs[gone[-1]] > budget


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="2 scores and 1 costs"):
        drop_order([1.0, 2.0], [1])
    with pytest.raises(ValueError, match="finite"):
        drop_order([float("nan")], [1])
    with pytest.raises(ValueError, match="positive, not 0"):
        drop_order([1.0], [0])
    with pytest.raises(ValueError, match="0 or more, not -1"):
        keep_within([1.0], [1], budget=-1)
