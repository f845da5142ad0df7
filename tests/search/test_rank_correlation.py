"""Rank correlation by hand, against SciPy, and its interval."""

import json
import random
from dataclasses import asdict

import pytest
from scipy.stats import spearmanr

from search.rank_correlation import RankCorrelation
from search.verdict import Verdict


def test_it_is_what_the_formula_gives_by_hand() -> None:
    # rank differences 0, 1, -1, 0, 0: 1 - 6 * 2 / (5 * 24)
    found = RankCorrelation.of([0.1, 0.2, 0.3, 0.4, 0.5], [1.0, 3.0, 2.0, 4.0, 5.0], seed=0)
    assert found.value == pytest.approx(0.9)
    assert found.pairs == 5


def test_ties_share_their_rank_as_in_scipy() -> None:
    luck = random.Random(1)
    for _ in range(20):
        first, second = ([luck.randrange(4) / 4 for _ in range(9)] for _ in range(2))
        expected = spearmanr(first, second).statistic
        assert RankCorrelation.of(first, second, seed=0).value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second"), [([], []), ([0.5], [0.5]), ([0.5, 0.5, 0.5], [0.1, 0.2, 0.3]), ([0.1, 0.2], [0.3, 0.3])]
)
def test_what_does_not_differ_has_none(first: list[float], second: list[float]) -> None:
    found = RankCorrelation.of(first, second, seed=0)
    assert asdict(found) == {"pairs": len(first), "value": None, "low": None, "high": None}
    assert found.verdict is Verdict.OPEN
    assert "undefined" in str(found)


def test_resamples_without_a_correlation_are_left_out() -> None:
    found = RankCorrelation.of([0.1, 0.1, 0.1, 0.9], [0.1, 0.2, 0.3, 0.4], seed=0)
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low <= 0.7746 <= found.high <= 1
    json.dumps(asdict(found), allow_nan=False)


def test_equal_seeds_give_equal_intervals() -> None:
    luck = random.Random(3)
    first, second = ([luck.random() for _ in range(30)] for _ in range(2))
    assert RankCorrelation.of(first, second, seed=1) == RankCorrelation.of(first, second, seed=1)
    assert RankCorrelation.of(first, second, seed=1) != RankCorrelation.of(first, second, seed=2)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    # Pearson 0.8 of normal pairs is a Spearman coefficient of 6 / pi * asin(0.4) = 0.786
    luck, covered = random.Random(5), 0
    for world in range(100):
        first = [luck.gauss(0, 1) for _ in range(30)]
        second = [0.8 * each + 0.6 * luck.gauss(0, 1) for each in first]
        found = RankCorrelation.of(first, second, seed=world)
        assert found.low is not None
        assert found.high is not None
        covered += found.low < 0.786 < found.high
    assert 85 <= covered <= 100


@pytest.mark.parametrize(
    ("order", "verdict"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], Verdict.TRUSTED),
        ([7, 6, 5, 4, 3, 2, 1, 0], Verdict.NOT_TRUSTED),
        ([2, 0, 1, 4, 3, 7, 5, 6], Verdict.OPEN),
        ([0, 1, 2, 3, 4], Verdict.OPEN),
    ],
)
def test_the_verdict_is_that_of_the_interval(order: list[int], verdict: Verdict) -> None:
    assert RankCorrelation.of(range(len(order)), order, seed=0).verdict is verdict


def test_sides_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 scores cannot be paired with 1"):
        RankCorrelation.of([0.1, 0.2], [0.1], seed=0)
