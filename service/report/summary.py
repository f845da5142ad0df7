"""`summary`: what came of a search, in a few sentences."""

from collections.abc import Iterator

from search.spec import Objective
from service.domain.records import Status
from service.report.amounts import cell, duration, percent, signed
from service.report.report import Report
from service.report.tested import Role, TestedModel, with_role

ENDS = {
    Status.SUCCEEDED: "The search succeeded",
    Status.FAILED: "The search failed",
    Status.CANCELLED: "The search was cancelled",
}


def summary(report: Report) -> tuple[str, ...]:
    """The state, the winner against the baselines, the best proxy, and what it cost."""
    return (*_state(report), *_winner(report), *_proxies(report), *_cost(report))


def change(model: TestedModel, baseline: TestedModel | None, name: str) -> float | None:
    """How much more a model has than the baseline, as a share of that one's; None where either is not known."""
    ours, theirs = model.measurement.get(name), None if baseline is None else baseline.measurement.get(name)
    return None if ours is None or not theirs else ours / theirs - 1


def points(model: TestedModel, baseline: TestedModel | None) -> float | None:
    """How many percentage points more accurate a model is than the baseline; None without one."""
    if baseline is None:
        return None
    return 100 * (model.measurement[Objective.ACCURACY] - baseline.measurement[Objective.ACCURACY])


def _state(report: Report) -> Iterator[str]:
    state = ENDS.get(Status(report.status), f"The search is {report.status}, and this is what there is so far")
    yield f"{state}." if report.error is None else f"{state}: {report.error}"


def _winner(report: Report) -> Iterator[str]:
    winner, baseline = (with_role(report.tested, role) for role in (Role.WINNER, Role.NO_SKIP))
    if winner is None:
        if report.status == Status.SUCCEEDED:
            yield "It chose no winner."
        return
    keeps = ""
    if report.winner is not None:
        keeps = f" keeps {sum(report.winner.kept)} of {len(report.winner.kept)} sub-layers and"
    yield (
        f"The winner{keeps} reaches {percent(winner.measurement[Objective.ACCURACY])} % accuracy on the test split at "
        f"{cell(winner.measurement, 'macs')} M MACs an example."
    )
    gained, saved = points(winner, baseline), change(winner, baseline, Objective.MACS)
    if gained is not None and saved is not None:
        more = "fewer" if saved <= 0 else "more"
        yield (
            f"Against the no-skip adapters that is {signed(gained)} points of accuracy with {percent(abs(saved))} % "
            f"{more} MACs."
        )


def _proxies(report: Report) -> Iterator[str]:
    groups = report.proxies.groups
    if not report.proxies.generations or len(groups) < 2 or groups[0].best is None:
        return
    best = max(each.best for each in groups if each.best is not None)
    yield (
        f"By proxy score the best of the first generation had {percent(groups[0].best)} %, the best of all "
        f"{len(groups)} generations {percent(best)} %."
    )


def _cost(report: Report) -> Iterator[str]:
    spending = report.spending
    if spending.told:
        yield (
            f"It measured {spending.told:,} candidates in {duration(spending.wall_seconds)}, with "
            f"{duration(spending.scoring_seconds)} of scoring by all workers together."
        )
