"""`limits`: what a report does not show, in sentences; which of them hold follows from its facts."""

from collections.abc import Iterator

from models.registry import DATASETS
from search.contracts import Fidelity
from service.domain.records import Status
from service.report.report import Report


def limits(report: Report) -> tuple[str, ...]:
    """The sentences, those about the whole first."""
    return (*_of_the_run(report), *_of_the_scores(report), *_of_the_costs(report), *_of_what_is_unknown(report))


def _of_the_run(report: Report) -> Iterator[str]:
    if report.status != Status.SUCCEEDED:
        yield (
            f"The search has status {report.status}: what it found so far is not what it would have found in the end."
        )
    if report.stopped_by is not None:
        yield f"{report.stopped_by} ended the search before it had spent its candidates."
    yield (
        f"It is one search with one seed ({report.spec['seed']}): how much its result differs from seed to seed is not "
        "measured here."
    )
    if report.spec["data"] in DATASETS:
        yield (
            f"The data, {report.spec['data']}, is a world made by a program: it shows that the search works, and says "
            "nothing of photographs and human questions."
        )
    if report.extends is not None:
        yield f"It goes on from search {report.extends} and starts with the measurements of that one."


def _of_the_scores(report: Report) -> Iterator[str]:
    if report.proxies.points:
        yield (
            "Proxy scores are of short fine-tunes on the fitness split. They compare with each other, not with scores "
            "on the validation or the test split."
        )
    if report.tested:
        yield (
            "The winner is the finalist with the best validation accuracy, and each model was looked at once on the "
            "test split. Stored measurements do not say how many examples that has, so accuracies stand without an "
            "interval: small differences may be chance."
        )
        yield (
            "The baselines are the backbone as it came and the same modules with nothing dropped, trained by the same "
            "recipe for as many steps. Neither was tuned for itself, the backbone was not fine-tuned as a whole, and "
            "other published methods are not among them."
        )


def _of_the_costs(report: Report) -> Iterator[str]:
    spending = report.spending
    yield (
        "MACs are multiply-accumulates of matrix products and convolutions in closed form; norms, activations, "
        "additions and look-ups are not counted."
    )
    if any("latency_ms" in each.measurement for each in report.tested):
        where = "on the worker's device" if report.origin.latency is None else f"as {report.origin.latency}"
        yield f"Latency was measured {where}, beside whatever else ran there: it holds for that machine alone."
    if spending.told:
        yield (
            "Worker time is time of scoring what got a score: start-up, waiting, the driver and failed candidates come "
            "on top."
        )
    if spending.failed:
        yield f"{spending.failed} of {spending.told} candidates failed and have no score."
    if spending.reused:
        yield (
            f"{spending.reused} of {spending.told} measurements were taken over from earlier searches, and their cost "
            "is not part of this one's."
        )


def _of_what_is_unknown(report: Report) -> Iterator[str]:
    audited = any(each.fidelity == Fidelity.AUDIT for each in report.spending.stages)
    if report.proxies.points and not audited:
        yield "No candidate was trained longer for comparison, so how far proxy scores can be trusted is not known."
    if not report.layers and report.spec.get("space", {}).get("granularity") != "none":
        yield "The backbone, data or foreground of the search is not known here (any more): genes stand without names."
    if not report.origin.versions:
        yield (
            "No exported model is there (any more) to say which versions of torch and other packages measured, and on "
            "what machine."
        )
