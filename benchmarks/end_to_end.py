"""From the submission of a search to its exported model, before and after: wall time beside what was found.

`python -m benchmarks.end_to_end [--before REV] [--quick]`. Every run is a service of its own (`twinsieve serve`,
SQLite, an embedded Ray, two workers of one thread) on a fresh data folder; the clock starts when it is ready. BEFORE is
a worktree of another revision with the same libraries; keys of a spec that it does not know are left out. Each repeat
has another seed, the same one for all variants. Where less work is done for the same end, test accuracy, MACs and
evaluations stand beside the time.
"""

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.end_to_end_service import Ended, serving
from benchmarks.end_to_end_table import table
from benchmarks.end_to_end_tree import HERE, Tree, checked_out, revision
from benchmarks.end_to_end_variants import Variant, variants
from benchmarks.machine import write
from benchmarks.turns import in_turns

BEFORE = "f5a628b"
REPEATS = 3
LIMIT_SECONDS = 3600.0  # of one search


def main() -> None:
    """Run all variants in turns, print the table, write `results/end-to-end.json` (not when it was interrupted)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", default=BEFORE, help=f"the revision to compare with, by default {BEFORE}")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="runs of each variant, a seed each")
    parser.add_argument("--quick", action="store_true", help="one run of a tiny search each: a check of the command")
    arguments = parser.parse_args()
    console = Console()
    try:
        before = revision(arguments.before)
    except ValueError as error:
        parser.error(str(error))
    with checked_out(before) as old:
        trees = {True: old, False: Tree(HERE)}
        for tree in trees.values():
            console.print(f"{tree.imported()}")
        figures, whole = measured(trees, repeats=1 if arguments.quick else arguments.repeats, quick=arguments.quick)
    figures = {"before": before, "after": revision(), **figures}
    console.print(table(figures))
    if whole:
        console.print(f"written to {write('end-to-end-quick' if arguments.quick else 'end-to-end', figures)}")


def measured(trees: Mapping[bool, Tree], *, repeats: int, quick: bool) -> tuple[dict[str, Any], bool]:
    """The figures, and whether they are whole; `trees` by whether they are the one before."""
    names = [each.name for each in variants(quick=quick, seed=0)]
    settled = {each.name: _settled(each, trees[each.before]) for each in variants(quick=quick, seed=0)}

    def one(name: str, turn: int) -> Ended:
        (variant,) = (each for each in variants(quick=quick, seed=turn) if each.name == name)
        return run(variant, trees[variant.before])

    turns = in_turns(names, repeats, one, title="searches")
    runs = {name: [asdict(each) for each in found] for name, found in turns.found.items()}
    return {"variants": {name: {**settled[name], "runs": runs[name]} for name in names}}, turns.whole


def _settled(variant: Variant, tree: Tree) -> dict[str, Any]:
    spec, left_out = tree.known(variant.spec)
    return {"spec": spec, "left_out": list(left_out)}


def run(variant: Variant, tree: Tree) -> Ended:
    """One search of a variant, by a service of its own."""
    spec, _ = tree.known(variant.spec)
    with (
        tempfile.TemporaryDirectory(prefix="twinsieve-end-to-end-") as scratch,
        serving(tree, Path(scratch)) as service,
    ):
        return service.searched(spec, limit_seconds=LIMIT_SECONDS)


if __name__ == "__main__":
    main()
