"""Medians, intervals and verdicts over seeds."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from benchmarks.quality_figures import Interval, Standing, advantage
from benchmarks.quality_loop import Trace
from benchmarks.quality_suites import problem

POSED = problem("NK landscape", 0)
ORDER = np.flatnonzero(POSED.feasible)[np.argsort(POSED.values[POSED.feasible])]  # worst feasible first


def test_an_interval_holds_its_median_and_narrows_with_the_seeds() -> None:
    rng = np.random.default_rng(1)
    few, many = (Interval.of(rng.normal(3.0, 1.0, count)) for count in (5, 100))
    assert few.low <= few.median <= few.high
    assert many.low < 3.2
    assert many.high > 2.8
    assert many.high - many.low < few.high - few.low
    assert Interval.of(np.full(5, 2.0)) == Interval(2.0, 2.0, 2.0)


def test_a_standing_says_regret_and_when_goals_were_reached() -> None:
    lucky = Trace([int(ORDER[0]), int(ORDER[-1])], 2, 0.5)
    unlucky = Trace([int(ORDER[0])], 1, 1.5)
    standing = Standing.of([POSED, POSED], [lucky, unlucky], 40)
    assert set(standing.regrets) == {20, 40}
    assert standing.regrets[20].tolist() == [0.0, POSED.optimum - POSED.values[ORDER[0]]]
    assert standing.reached[0.99].tolist() == [2.0, np.inf]
    assert standing.share(0.999) == 0.5
    assert (standing.asks, standing.seconds) == (1.5, 1.0)
    plain = json.loads(json.dumps(standing.to_json(), allow_nan=False))
    assert plain["evaluations_to"]["0.99"] == {"median": None, "low": 2.0, "high": None}


def test_an_advantage_is_what_the_other_loses_more() -> None:
    rng = np.random.default_rng(2)
    seeds = rng.normal(0.0, 1.0, 40)
    found = advantage(seeds, seeds + rng.normal(0.5, 0.1, 40))
    assert found.low > 0.4
    assert found.high < 0.6
    assert found.median == pytest.approx(0.5, abs=0.1)


def test_verdicts_say_who_wins_and_where_ours_are_behind() -> None:
    pytest.importorskip("optuna", reason="the extra 'bench' is not installed")
    from benchmarks.quality_report import verdicts

    low, high = np.full(20, 0.01), np.full(20, 0.02)
    mixed = np.where(np.arange(20) % 2, 0.0, 0.02)
    figures = {"ours: genetic": {20: low, 40: high, 80: mixed}, "Peer": {20: high, 40: low, 80: low}}
    ahead, behind, undecided = verdicts(figures, less_is_better=True)
    assert "genetic is ahead of the best other, Peer, by +1.00 points" in ahead
    assert "genetic is BEHIND Peer by -1.00 points" in behind
    assert "cannot be told apart" in undecided
    assert "BEHIND" in verdicts(figures, less_is_better=False)[0]
    assert (
        "4 seeds are too few"
        in verdicts({"ours: steady": {20: low[:4]}, "Peer": {20: high[:4]}}, less_is_better=True)[0]
    )
    assert "nobody" in verdicts({"ours: genetic": {20: low}}, less_is_better=True)[0]


def test_a_report_prints_every_contestant_and_gives_plain_data() -> None:
    pytest.importorskip("optuna", reason="the extra 'bench' is not installed")
    from benchmarks.quality_report import single_report

    traces = [Trace([int(ORDER[0])], 1, 0.5), Trace([int(ORDER[-1])], 1, 0.5)]
    standings = {"ours: genetic": Standing.of([POSED] * 2, traces, 20), "Peer": Standing.of([POSED] * 2, traces, 20)}
    out = io.StringIO()
    figures = single_report("NK landscape", standings, Console(file=out, width=160))
    assert "ours: genetic" in out.getvalue()
    assert "Peer" in out.getvalue()
    assert json.loads(json.dumps(figures, allow_nan=False))["standings"].keys() == standings.keys()
