"""A table and a plain sentence for each problem: who wins, where ours are behind, and whether that may be luck."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.quality_contest import BASELINES, DEFAULTS, OURS
from benchmarks.quality_figures import GOALS, Interval, Standing, advantage
from benchmarks.quality_fronts import front_json

Shares = Mapping[int, NDArray[np.float64]]

MIN_SEEDS = 5  # fewer say nothing by bootstrap
FOOTNOTE = (
    "regret: optimum minus best feasible, in points of accuracy or percent of a function's range; median over seeds "
    "(95 %). Counted is what must be trained for: asking again is free, and so is what is too dear by the closed form, "
    "but for greedy. Optuna gets the bound as a constraint, regularised evolution a penalised fitness, DAS draws "
    "until it holds. Who is best is chosen on the same seeds, which flatters the best of either side a little."
)


def single_report(name: str, standings: Mapping[str, Standing], console: Console) -> dict[str, Any]:
    """Of a problem with one objective."""
    points = list(next(iter(standings.values())).regrets)
    last = points[-1]
    regrets = [f"regret at {point}" for point in points]
    goals = [f"to {100 * goal:g} %" for goal in GOALS]
    shown = Table("contestant", *regrets, *goals, "reach", "asks", "s", title=name, box=None, caption=FOOTNOTE)
    for who, standing in standings.items():
        shown.add_row(
            who,
            *(_points(Interval.of(values)) for values in standing.regrets.values()),
            *(_count(Interval.of(values)) for values in standing.reached.values()),
            " ".join(f"{standing.share(goal):.0%}" for goal in GOALS),
            f"{standing.asks:.0f}",
            f"{standing.seconds:.1f}",
        )
    sentences = verdicts({who: each.regrets for who, each in standings.items()}, less_is_better=True)
    console.print(shown, *sentences, "", sep="\n")
    return {"verdicts": sentences, "at": last, "standings": {who: each.to_json() for who, each in standings.items()}}


def front_report(name: str, shares: Mapping[str, Shares], console: Console) -> dict[str, Any]:
    """Of a table with two objectives."""
    points = list(next(iter(shares.values())))
    columns = [f"at {point}" for point in points]
    shown = Table("contestant", *columns, title=f"{name}: share of the true front's hypervolume, %", box=None)
    for who, by_point in shares.items():
        shown.add_row(who, *(_points(Interval.of(values)) for values in by_point.values()))
    sentences = verdicts(shares, less_is_better=False)
    console.print(shown, *sentences, "", sep="\n")
    return {"verdicts": sentences, "covered": {who: front_json(each) for who, each in shares.items()}}


def verdicts(figures: Mapping[str, Shares], *, less_is_better: bool) -> list[str]:
    """Sentences for each number of evaluations: our best and our default method against the best of the others."""
    signed = {
        who: {point: values if less_is_better else -values for point, values in each.items()}
        for who, each in figures.items()
    }
    points = list(next(iter(signed.values())))
    return [each for point in points for each in _verdicts({who: of[point] for who, of in signed.items()}, point)]


def _verdicts(losses: Mapping[str, NDArray[np.float64]], point: int) -> list[str]:
    best, theirs = _best(losses, ours=True), _best(losses, ours=False)
    if best is None or theirs is None:
        return [f"after {point} evaluations: nobody to compare with"]
    ours = dict.fromkeys([best, *(who for who in DEFAULTS if who in losses)])
    return [f"after {point} evaluations {_verdict(losses, who, theirs)}" for who in ours]


def _verdict(losses: Mapping[str, NDArray[np.float64]], ours: str, theirs: str) -> str:
    if not (np.isfinite(losses[ours]).all() and np.isfinite(losses[theirs]).all()):
        return f"some seeds of {ours} or {theirs} have found nothing feasible"
    if len(losses[ours]) < MIN_SEEDS:
        return f"{ours} against {theirs}: {len(losses[ours])} seeds are too few to tell"
    gain = advantage(losses[ours], losses[theirs])
    by = f"{100 * gain.median:+.2f} points ({100 * gain.low:+.2f} to {100 * gain.high:+.2f})"
    if gain.low > 0:
        return f"{ours} is ahead of the best other, {theirs}, by {by}"
    if gain.high < 0:
        return f"{ours} is BEHIND {theirs} by {by}"
    return f"{ours} and {theirs} cannot be told apart: {by}"


def _best(losses: Mapping[str, NDArray[np.float64]], *, ours: bool) -> str | None:
    """Who loses least on average; baselines are nobody's."""
    able = [who for who in losses if who not in BASELINES and who.startswith(OURS) == ours]
    return min(able, key=lambda who: float(losses[who].mean()), default=None)


def _points(interval: Interval) -> str:
    if not np.isfinite(interval.median):
        return "-"
    return f"{100 * interval.median:.2f} ({100 * interval.low:.2f}-{100 * interval.high:.2f})"


def _count(interval: Interval) -> str:
    low, median, high = ("never" if not np.isfinite(x) else f"{x:.0f}" for x in _ordered(interval))
    return f"{median} ({low}-{high})"


def _ordered(interval: Interval) -> Sequence[float]:
    return interval.low, interval.median, interval.high
