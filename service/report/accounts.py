"""The tables of how a search came about: what it cost, how far to trust it, versions and settings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from search.verdict import Verdict
from service.report.amounts import NOTHING, duration, moment, percent, signed
from service.report.blocks import Table
from service.report.report import Report
from service.report.spending import Stage


def stages(report: Report) -> Table:
    """What was measured how often, and what that cost."""
    spending = report.spending
    whole = Stage(
        fidelity="all",
        told=spending.told,
        failed=spending.failed,
        reused=spending.reused,
        seconds=spending.scoring_seconds,
    )
    return Table(
        name="cost",
        caption="Candidates and scoring time by stage, over all workers.",
        head=["stage", "told", "failed", "reused", "scoring time", "share (%)"],
        rows=[
            [
                *(each.fidelity, str(each.told), str(each.failed), str(each.reused), duration(each.seconds)),
                percent(each.seconds / whole.seconds) if whole.seconds else NOTHING,
            ]
            for each in (*spending.stages, whole)
        ],
    )


def failures(report: Report) -> Table | None:
    """Why candidates have no score; None where all have one."""
    rows = [[reason, str(count)] for reason, count in report.spending.failures.items()]
    if not rows:
        return None
    return Table(name="failures", caption="Candidates without a score, by reason.", head=["reason", "count"], rows=rows)


def agreements(found: Sequence[Mapping[str, Any]]) -> Table:
    """How the cheaper fidelities rank, beside the dearer ones."""
    return Table(
        name="fidelity",
        caption="Rank correlation (Spearman) of cheap scores with those of longer training, with 95 % intervals.",
        head=["fidelity", "against", "verdict", "steps", "against steps", "candidates", "correlation", "low", "high"],
        rows=[
            [
                *(str(each.get(key, NOTHING)) for key in ("fidelity", "against")),
                _verdict(each),
                *(str(each.get(key, NOTHING)) for key in ("steps", "against_steps", "candidates")),
                *(NOTHING if each.get(key) is None else signed(each[key]) for key in ("spearman", "low", "high")),
            ]
            for each in found
        ],
        words=3,
    )


def _verdict(found: Mapping[str, Any]) -> str:
    said = found.get("verdict", NOTHING)
    known = "not known" if said == Verdict.OPEN else str(said)
    return f"{known} (restricted range)" if found.get("restricted") else known


def versions(report: Report) -> Table:
    """Which code, weights and seed it was."""
    origin = report.origin
    rows = [
        ["twinsieve, as submitted to", report.version],
        *([f"{name}, as measured with", version] for name, version in origin.versions.items()),
        ["backbone weights, SHA-256", origin.backbone_sha256 or NOTHING],
        ["latency", origin.latency or NOTHING],
        ["seed", str(report.spec["seed"])],
        ["search", report.id],
        ["owner", report.owner],
        ["submitted", moment(report.created_at)],
        ["began", moment(report.started_at)],
        ["ended", moment(report.finished_at)],
        ["report made", moment(report.made_at)],
    ]
    return Table(name="versions", caption="Versions, seed and times.", head=["what", "value"], rows=rows, words=2)


def settings(report: Report) -> Table:
    """The whole spec, defaults included, a line for each key."""
    rows = list(_flat(report.spec))
    return Table(name="settings", caption="The spec of the search, whole.", head=["key", "value"], rows=rows, words=2)


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[list[str]]:
    for key, each in value.items():
        if isinstance(each, Mapping):
            yield from _flat(each, f"{prefix}{key}.")
        else:
            yield [f"{prefix}{key}", _said(each)]


def _said(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return ", ".join(_said(each) for each in value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
