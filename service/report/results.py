"""The tables of what a search found: baselines, generations, front, the winner."""

from collections.abc import Sequence

from search.spec import Objective
from service.report.amounts import NOTHING, QUANTITIES, cell, chromosome, percent, quantity, signed
from service.report.blocks import Table
from service.report.proxies import Item, evenly
from service.report.report import Report
from service.report.summary import change, points
from service.report.tested import Role, TestedModel, with_role

MOST_ROWS = 24  # of what there may be thousands of
TIMES = ("seconds", "elapsed_seconds")  # in every measurement, and no property of a model
KEPT, DROPPED = "●", "·"


def baselines(report: Report) -> Table:
    """The tested models side by side; changes are against the no-skip adapters."""
    names = [name for name in QUANTITIES if name != Objective.ACCURACY]
    shown = [name for name in names if any(name in each.measurement for each in report.tested)]
    reference = with_role(report.tested, Role.NO_SKIP)
    head = ["model", "kept", "validation (%)", "test (%)", "change (points)", "change of MACs (%)"]
    return Table(
        name="baselines",
        caption="Models on the test split. Changes are against the no-skip adapters.",
        head=[*head, *(quantity(name).head for name in shown)],
        rows=[[*_scores(each, reference), *(cell(each.measurement, name) for name in shown)] for each in report.tested],
    )


def further(report: Report) -> Table | None:
    """What was measured on the test split beside that, such as recalls; None where that is nothing."""
    known = {*QUANTITIES, *TIMES}
    names = dict.fromkeys(name for each in report.tested for name in each.measurement if name not in known)
    if not names:
        return None
    return Table(
        name="further",
        caption="What else was measured on the test split, under the names that measurements have.",
        head=["model", *names],
        rows=[[each.name, *(cell(each.measurement, name) for name in names)] for each in report.tested],
    )


def generations(report: Report) -> Table:
    """How the search went, by proxy score."""
    what = "generation" if report.proxies.generations else "part"
    drawn = " The first is drawn at random, but for the ends of the space and chromosomes given beforehand."
    groups, some = _some(report.proxies.groups)
    return Table(
        name="generations",
        caption=f"Proxy scores of feasible candidates by {what}.{drawn if report.proxies.generations else ''}{some}",
        head=[what, "candidates", "failed", "best (%)", "mean (%)", "mean MACs (M)"],
        rows=[
            [
                *(str(each.number), str(each.candidates), str(each.failed)),
                *(NOTHING if share is None else percent(share) for share in (each.best, each.mean)),
                NOTHING if each.mean_macs is None else quantity(Objective.MACS).write(each.mean_macs),
            ]
            for each in groups
        ],
    )


def front(report: Report) -> Table:
    """The front, and the chromosomes on it."""
    axes = report.proxies.axes
    members, some = _some(report.proxies.members)
    return Table(
        name="front",
        caption=f"Pareto front of {' and '.join(axes)} by proxy score, within the bounds.{some}",
        head=["candidate", "chromosome", *(quantity(name).head for name in axes)],
        rows=[
            [str(each.index), chromosome(each.genome), *(cell(each.measurement, name) for name in axes)]
            for each in members
        ],
        words=2,
    )


def network(report: Report) -> Table | None:
    """The winner as its blocks; None where there is none, or what it is is not known here."""
    if report.winner is None:
        return None
    rows: dict[str, dict[str, str]] = {}
    for name, kept in zip(report.winner.sub_layers, report.winner.kept, strict=True):
        stack, block, kind = name.split(".")
        rows.setdefault(f"{stack} {kind}", {})[block] = KEPT if kept else DROPPED
    blocks = list(dict.fromkeys(block for cells in rows.values() for block in cells))
    return Table(
        name="network",
        caption=f"The winner, block by block: {KEPT} kept, {DROPPED} dropped.",
        head=["sub-layer", *blocks],
        rows=[[kind, *(cells.get(block, "") for block in blocks)] for kind, cells in rows.items()],
    )


def _some(items: Sequence[Item]) -> tuple[Sequence[Item], str]:
    """As many as a table can show, and a sentence that says so where these are not all."""
    shown = evenly(items, MOST_ROWS)
    return shown, "" if len(shown) == len(items) else f" Shown are {len(shown)} of {len(items)}, at even distances."


def _scores(model: TestedModel, reference: TestedModel | None) -> list[str]:
    gained, saved = points(model, reference), change(model, reference, Objective.MACS)
    same = model is reference
    return [
        model.name,
        NOTHING if model.kept is None else str(model.kept),
        NOTHING if model.validation is None else percent(model.validation),
        cell(model.measurement, Objective.ACCURACY),
        NOTHING if gained is None or same else signed(gained),
        NOTHING if saved is None or same else signed(100 * saved),
    ]
