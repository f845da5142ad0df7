"""`python -m tests.parity FOLDER`: this code against the published code's numbers, kind by kind.

FOLDER holds one folder a kind, named by it, or is itself such a folder. The exit code is 0 only if every value of
every kind lies within its tolerance, and there was something to compare.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import torch
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from tests.parity.compare import Check, Comparison

KINDS = ("meter", "vilt", "das", "routing", "multiflow", "vqa_text", "arrow")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comparing one kind gave: its comparisons as far as they went, and why it ended early, if it did."""

    kind: str
    comparisons: Sequence[Comparison]
    problem: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether all of it was compared, and all of that lies within its tolerance."""
        return self.problem is None and all(each.within for each in self.comparisons)


def run(folder: Path) -> list[Outcome]:
    """Compare every kind in `folder`."""
    if not folder.is_dir():
        return [Outcome(folder.name, (), "is no folder")]
    if folder.name in KINDS:
        return [_compare(folder)]
    found = [each for each in sorted(folder.iterdir()) if each.is_dir() and not each.name.startswith(".")]
    return [_compare(each) for each in found] or [Outcome(folder.name, (), f"has none of {', '.join(KINDS)}")]


def _compare(folder: Path) -> Outcome:
    kind = folder.name
    if kind not in KINDS:
        return Outcome(kind, (), f"is no known kind: {', '.join(KINDS)}")
    done: list[Comparison] = []
    try:
        check: Check = import_module(f"tests.parity.{kind}").compare
        with torch.no_grad():
            done.extend(check(folder))
    except Exception as error:  # whatever went wrong, this kind was not compared, and the others still are
        return Outcome(kind, done, f"could not be compared: {type(error).__name__}: {error}")
    return Outcome(kind, done, None if done else "holds nothing to compare")


def table(outcomes: Sequence[Outcome]) -> Table:
    """Every comparison with its tolerance."""
    rows = Table("kind", Column("what", overflow="fold"), "largest difference", "tolerance", "", box=None)
    for outcome in outcomes:
        for each in outcome.comparisons:
            verdict = "[green]within[/]" if each.within else "[bold red]BEYOND[/]"
            rows.add_row(outcome.kind, escape(each.name), f"{each.difference:.3g}", f"{each.tolerance:.3g}", verdict)
    return rows


def main(arguments: Sequence[str], console: Console) -> int:
    """Compare, print, and return the exit code."""
    if len(arguments) != 1:
        console.print("usage: python -m tests.parity FOLDER")
        return 2
    torch.set_num_threads(1)  # as the references were made
    outcomes = run(Path(arguments[0]).resolve())
    console.print(table(outcomes))
    for outcome in outcomes:
        beyond = sum(not each.within for each in outcome.comparisons)
        said = f"{len(outcome.comparisons)} compared, {beyond} beyond their tolerance"
        problem = f"; {escape(outcome.problem)}" if outcome.problem else ""
        colour = "green" if outcome.agrees else "bold red"
        console.print(f"[{colour}]{escape(outcome.kind)}: {said}{problem}[/]", soft_wrap=True)
    return 0 if all(outcome.agrees for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Console(width=None if sys.stdout.isatty() else 140)))
