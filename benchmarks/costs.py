"""`python -m benchmarks.costs [--quick] [--markdown]`: our closed forms beside a counter and what is known elsewhere.

The counter runs the real networks at full size on torch's `meta` device, where nothing is computed: it takes about two
minutes, and neither memory nor weights. `--quick` counts every fifth figure and writes nothing.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import cache

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.cost_figure import CostFigure, CostRow, Setup
from benchmarks.cost_figures import backbone_figures
from benchmarks.counter import Counter
from benchmarks.das_figures import das_figures
from benchmarks.machine import write

COLUMNS = ("figure", "unit", "ours", "counter", "known", "difference %", "source of the known one")
QUICK_EVERY = 5


def main() -> None:
    """Print the table, write `results/costs.json` (not with --quick); fails if a row does not agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every fifth figure; writes nothing")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args()
    rows = compared(cost_figures()[:: QUICK_EVERY if arguments.quick else 1])
    if arguments.markdown:
        print(markdown(rows))
    else:
        Console().print(table(rows))
    if not arguments.quick:
        file = write("costs", {"rows": [row.to_json() for row in rows]})
        Console(stderr=True).print(f"written to {file}")
    if wrong := [row.name for row in rows if not row.agrees]:
        sys.exit(f"these do not agree: {', '.join(wrong)}")


def cost_figures() -> tuple[CostFigure, ...]:
    """Every figure that there is something to compare with."""
    return backbone_figures() + das_figures()


def compared(figures: Sequence[CostFigure]) -> list[CostRow]:
    """The row of each figure; a network is counted once for all figures of its setup."""

    @cache
    def counter(setup: Setup) -> Counter:
        return Counter(setup.config, setup.workload)

    shown = track(figures, description="counting", console=Console(stderr=True), transient=True)
    return [CostRow.of(each, ours=each.setup.closed_form, counter=counter(each.setup)) for each in shown]


def cells(row: CostRow) -> tuple[str, ...]:
    """A row as text, our figures with the digits that make a difference visible."""
    digits = 0 if row.unit == "parameters" else 4
    ours, counted = (f"{value:,.{digits}f}" for value in (row.ours, row.counted))
    known = f"{int(row.known):,}" if row.known.isdecimal() else row.known
    return row.name, row.unit, ours, counted, known, f"{row.difference:+.3f}", row.source


def table(rows: Sequence[CostRow]) -> Table:
    """The rows for a terminal, without their sources; one that does not agree is red."""
    shown = Table(*COLUMNS[:-1], box=None)
    for row in rows:
        shown.add_row(*cells(row)[:-1], style=None if row.agrees else "red")
    return shown


def markdown(rows: Sequence[CostRow]) -> str:
    """The rows as a Markdown table with its notes below."""
    notes = list(dict.fromkeys(row.note for row in rows if row.note))
    return "\n".join(_lines(rows, notes))


def _lines(rows: Sequence[CostRow], notes: Sequence[str]) -> Iterator[str]:
    yield "| " + " | ".join(COLUMNS) + " |"
    yield "|---|---|" + "---:|" * 4 + "---|"
    for row in rows:
        name, *others = cells(row)
        mark = f" [{notes.index(row.note) + 1}]" if row.note else ""
        yield "| " + " | ".join((name + mark, *others)) + " |"
    if notes:
        yield ""
    for number, note in enumerate(notes, 1):
        yield f"[{number}] {note}."


if __name__ == "__main__":
    main()
