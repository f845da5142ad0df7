"""The figures of `benchmarks.faults` as tables."""

from collections import Counter
from collections.abc import Iterator

from rich.table import Table

from benchmarks.faults_plan import Kind, Target
from benchmarks.faults_storm import Storm


def tables(found: Storm) -> Iterator[Table]:
    """The faults by what was done to what, and what became of the searches."""
    yield _faults(found)
    yield _verdict(found)


def _faults(found: Storm) -> Table:
    counts = Counter((each.target, each.kind) for each in found.struck)
    shown = Table("what was struck", *Kind, title=f"{len(found.struck)} faults", box=None)
    for target in Target:
        shown.add_row(target, *(str(counts[target, kind] or "") for kind in Kind))
    return shown


def _verdict(found: Storm) -> Table:
    verdict = found.verdict
    shown = Table("what became of the searches", "", title=f"in {found.seconds:,.0f} s", box=None)
    for words, figure in (
        ("searches", verdict.searches),
        ("candidates", verdict.candidates),
        ("searches lost", verdict.searches_lost),
        ("searches nobody submitted", verdict.searches_twice),
        ("candidates lost or measured otherwise", verdict.candidates_lost),
        ("counted twice", verdict.counted_twice),
        ("other fronts or winners than undisturbed", verdict.fronts_other),
        ("models that cannot be fetched", verdict.models_missing),
        ("left behind", verdict.left_behind),
        ("starts of all parts", sum(found.starts.values())),
    ):
        shown.add_row(words, f"{figure:,}")
    return shown
