"""How well our searches find what is known to be there, beside other libraries' with as many evaluations.

`python -m benchmarks.quality [--seeds 20] [--evaluations 320] [--quick] [--only NAME ...]`: every contestant meets
every problem (`benchmarks.quality_suites`) from every seed, in two processes; what an interrupted call has run is kept.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

from rich.console import Console

from benchmarks.machine import write
from benchmarks.measuring import CACHE
from benchmarks.quality_contest import Run, contestants
from benchmarks.quality_figures import Standing
from benchmarks.quality_fronts import front_figures
from benchmarks.quality_loop import Trace
from benchmarks.quality_report import front_report, single_report
from benchmarks.quality_runs import traces
from benchmarks.quality_suites import front_problem, problem, problem_names, table_names

Key = TypeVar("Key")
SEEDS, EVALUATIONS = 20, 320
QUICK_SEEDS, QUICK_EVALUATIONS = 2, 40


def main() -> None:
    """Run what is missing, print a table and a sentence for each problem, write `results/quality.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--evaluations", type=int, default=EVALUATIONS)
    parser.add_argument("--only", nargs="+", default=[], help="contestants or problems whose names have one of these")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="few short runs: a check of the command; writes nothing")
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    seeds = QUICK_SEEDS if quick else arguments.seeds
    evaluations = QUICK_EVALUATIONS if quick else arguments.evaluations
    runs = [run for run in all_runs(seeds, evaluations) if chosen(run, arguments.only)]
    done = traces(runs, kept_in=CACHE / "quality.jsonl", processes=arguments.processes)
    figures = report(done, evaluations, Console(width=200))
    if not quick and not arguments.only:
        settings = {"seeds": seeds, "evaluations": evaluations}
        print(f"written to {write('quality', settings | figures)}")


def all_runs(seeds: int, evaluations: int) -> list[Run]:
    """Every contestant on every problem from every seed; with two objectives on the tables alone."""
    single = [(name, who, 1) for name in problem_names() for who in contestants(1)]
    fronts = [(name, who, 2) for name in table_names() for who in contestants(2)]
    return [Run(name, who, seed, evaluations, goals) for name, who, goals in single + fronts for seed in range(seeds)]


def chosen(run: Run, only: Sequence[str]) -> bool:
    """Whether a run is among those asked for."""
    return not only or any(each in run.contestant or each in run.problem for each in only)


def report(done: Mapping[Run, Trace], evaluations: int, console: Console) -> dict[str, Any]:
    """Print what the traces say; the same as plain data."""
    single: dict[str, Any] = {}
    fronts: dict[str, Any] = {}
    for (objectives, name), runs in _groups(done, lambda run: (run.objectives, run.problem)):
        by_name = {who: several for (who,), several in _groups(runs, lambda run: (run.contestant,))}
        if objectives == 1:
            standings = {who: _standing(several, done, evaluations) for who, several in by_name.items()}
            single[name] = single_report(name, standings, console)
        else:
            table = front_problem(name)
            shares = {w: front_figures(table, [done[run] for run in r], evaluations) for w, r in by_name.items()}
            fronts[name] = front_report(name, shares, console)
    return {"one objective": single, "two objectives": fronts}


def _standing(runs: Sequence[Run], done: Mapping[Run, Trace], evaluations: int) -> Standing:
    return Standing.of([problem(run.problem, run.seed) for run in runs], [done[run] for run in runs], evaluations)


def _groups(runs: Iterable[Run], key: Callable[[Run], Key]) -> list[tuple[Key, list[Run]]]:
    """Runs that lie together, by `key`."""
    return [(named, list(group)) for named, group in groupby(runs, key)]


if __name__ == "__main__":
    main()
