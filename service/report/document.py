"""`document`: a report as sections of text, tables and plots, the same for every form that it is written in."""

from collections.abc import Callable, Iterator

from service.report import accounts, figures, results
from service.report.amounts import duration
from service.report.blocks import Block, Document, Items, Paragraph, Section
from service.report.limits import limits
from service.report.report import Report
from service.report.summary import summary
from service.report.text import flat

READING = (
    "A correlation of 1 means that the cheap score puts candidates in the order that longer training does. It is "
    "trusted where its whole interval lies above 0.5, not trusted where all of it lies below, and not known otherwise "
    "or with too few candidates. In a restricted range only candidates that went further were compared, among which a "
    "score ranks worse. The intervals are percentile bootstraps (Efron 1979); the threshold is our own."
)


def document(report: Report) -> Document:
    """What a reader gets, most important first; sections without anything to say are left out."""
    found = (Section(name=name, title=title, blocks=tuple(write(report))) for name, (title, write) in SECTIONS.items())
    return Document(title=flat(report.name), sections=tuple(each for each in found if each.blocks))


def _summary(report: Report) -> Iterator[Block]:
    spec = report.spec
    yield Paragraph(" ".join(summary(report)))
    yield Paragraph(
        f"Task {spec['task']} on {spec['data']} with backbone {spec['backbone']}, algorithm "
        f"{spec['algorithm']['name']}, seed {spec['seed']}."
    )
    if report.labels:
        yield Paragraph(f"Labels: {', '.join(report.labels)}")
    if notes := flat(report.notes):
        yield Paragraph(f"Notes: {notes}")


def _baselines(report: Report) -> Iterator[Block]:
    if not report.tested:
        return
    yield results.baselines(report)
    if (table := results.further(report)) is not None:
        yield table
    yield figures.tested(report)


def _winner(report: Report) -> Iterator[Block]:
    winner, table = report.winner, results.network(report)
    if winner is None or table is None:
        return
    pairs = list(zip(winner.sub_layers, winner.kept, winner.modules, strict=True))
    gone = [(name, module) for name, kept, module in pairs if not kept]
    dropped = [name if module is None else f"{name} ({module} in its place)" for name, module in gone]
    beside = dict.fromkeys(module for _, kept, module in pairs if kept and module is not None)
    yield table
    yield Paragraph(f"Dropped: {', '.join(dropped) or 'nothing'}.")
    if beside:
        yield Paragraph(f"Beside kept sub-layers: {', '.join(beside)}.")
    if winner.patch_ratio is not None:
        yield Paragraph(
            f"Of every image {100 * winner.patch_ratio:g} % of the patches go on after {winner.after_block} blocks."
        )


def _search(report: Report) -> Iterator[Block]:
    if not report.proxies.points:
        return
    yield figures.trade_off(report)
    yield figures.progress(report)
    if report.layers:
        yield figures.kept(report)
    yield results.generations(report)
    if report.proxies.front:
        yield results.front(report)


def _cost(report: Report) -> Iterator[Block]:
    spending = report.spending
    if not spending.told:
        return
    hours = spending.scoring_seconds / 3600
    yield Paragraph(
        f"From its first start to its end, breaks included: {duration(spending.wall_seconds)}, with {spending.workers} "
        f"workers wanted. Scoring took {hours:.3f} worker-hours; times the GPUs of a worker, GPU-hours."
    )
    if spending.utilisation is not None:
        yield Paragraph(f"After start-up the workers scored during {100 * spending.utilisation:.0f} % of their time.")
    yield accounts.stages(report)
    if (table := accounts.failures(report)) is not None:
        yield table


def _fidelity(report: Report) -> Iterator[Block]:
    if report.fidelity is None or not report.proxies.points:
        return
    yield Paragraph(str(report.fidelity.get("summary", "")))
    if found := report.fidelity.get("agreements"):
        yield Paragraph(READING)
        yield accounts.agreements(found)
    if report.audits:
        yield figures.audits(report)


def _limits(report: Report) -> Iterator[Block]:
    yield Items(limits(report))


def _settings(report: Report) -> Iterator[Block]:
    yield accounts.versions(report)
    yield accounts.settings(report)


SECTIONS: dict[str, tuple[str, Callable[[Report], Iterator[Block]]]] = {
    "summary": ("Summary", _summary),
    "baselines": ("Against the baselines", _baselines),
    "winner": ("The winner", _winner),
    "search": ("How the search went", _search),
    "cost": ("What it cost", _cost),
    "fidelity": ("How far its cheap scores can be trusted", _fidelity),
    "limits": ("What this does not show", _limits),
    "settings": ("Versions and settings", _settings),
}
"""By the word that links lead to: a title, and what stands under it."""
