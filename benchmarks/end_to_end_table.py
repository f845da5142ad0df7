"""The end-to-end figures as a table, from what was recorded."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from benchmarks.end_to_end_variants import BEFORE, MARGIN
from benchmarks.spread import paired

COLUMNS = ("search", "s", "times as fast", "test accuracy", "no skip", "MACs of no skip", "proxies", "others told")


def table(figures: Mapping[str, Any]) -> Table:
    """A row for each variant, medians over its runs; last the fastest one that found as good a model as before."""
    found: Mapping[str, Mapping[str, Any]] = figures["variants"]
    runs = {name: each["runs"] for name, each in found.items()}
    shown = Table(*COLUMNS, title=f"before {figures['before']}, after {figures['after']}", box=None)
    for name in runs:
        shown.add_row(*_cells(name, runs))
    shown.add_section()
    best = equal_quality(runs)
    shown.add_row(f"fastest at equal quality ({-100 * MARGIN:.1f} points at most): {best or 'none'}")
    return shown


def equal_quality(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> str | None:
    """The fastest variant whose models are, in the median of the seeds' differences, not worse than before."""
    equal = [name for name in runs if name != BEFORE and _gain(runs[name], runs[BEFORE]) >= -MARGIN]
    return min(equal, key=lambda name: median(runs[name], "seconds"), default=None)


def median(runs: Sequence[Mapping[str, Any]], name: str) -> float:
    """Over runs."""
    return statistics.median(float(each[name]) for each in runs)


def times_as_fast(runs: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]) -> float:
    """The median over seeds of the time before / the time now."""
    return paired([each["seconds"] for each in before], [each["seconds"] for each in runs])


def _gain(runs: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]) -> float:
    return statistics.median(
        float(now["accuracy"]) - float(then["accuracy"]) for now, then in zip(runs, before, strict=True)
    )


def _cells(name: str, runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    ours = runs[name]
    others = {key: count for key, count in ours[0]["told"].items() if key != "proxy"}
    return [
        name,
        f"{median(ours, 'seconds'):.1f}",
        f"{times_as_fast(ours, runs[BEFORE]):.2f}",
        f"{median(ours, 'accuracy'):.4f}",
        f"{median(ours, 'no_skip_accuracy'):.4f}",
        f"{median(ours, 'macs_ratio'):.3f}",
        f"{median(ours, 'evaluations'):.0f}",
        ", ".join(f"{count} {key}" for key, count in others.items()),
    ]
