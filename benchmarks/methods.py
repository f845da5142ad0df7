"""The published methods side by side on the embedded world: what each finds, what that costs, what finding it cost.

`python -m benchmarks.methods [--seeds 3] [--backbone shapes-meter] [--bound 0.75] [--quick]`. Every run ends with the
same final fine-tune; an interrupted call goes on where it was. Latency is taken at the end with nothing else running,
the models in turn, so that a noisy moment meets them all.
"""

import argparse
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.machine import write
from benchmarks.method_run import FOLDER, Run, run
from benchmarks.method_specs import BOUND, BOUNDED, CAPTION, METHODS, spec_of
from benchmarks.quiet import quiet_latencies
from models.registry import BackboneRegistry
from search.build import build_space, macs_budget
from search.spec import SearchSpec

Runs = Mapping[str, Sequence[Run]]


def main() -> None:
    """Run what is missing, measure latencies, print the table, write `benchmarks/results/methods-<backbone>.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--backbone", default="shapes-meter")
    parser.add_argument("--bound", type=float, default=BOUND, help="another bound: only the rows that it changes")
    parser.add_argument("--quick", action="store_true", help="short searches on little data: a check of the command")
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    FOLDER.mkdir(parents=True, exist_ok=True)
    seeds = range(1 if quick else arguments.seeds)
    given = {"backbone": arguments.backbone, "bound": arguments.bound, "quick": quick}
    names = [name for name in (METHODS if arguments.bound == BOUND else BOUNDED) if reaches(spec_of(name, 0, **given))]
    specs = {(name, seed): spec_of(name, seed, **given) for seed in seeds for name in names}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool, Progress() as progress:
        bar = progress.add_task("methods", total=len(specs))
        running = {key: pool.submit(run, spec) for key, spec in specs.items()}
        for _ in as_completed(running.values()):
            progress.advance(bar)
        done = {key: each.result() for key, each in running.items()}
    runs = {name: [done[name, seed] for seed in seeds] for name in names}
    latencies = quiet_latencies({name: each[0].model for name, each in runs.items()})
    Console().print(table(runs, latencies))
    suffix = ("" if arguments.bound == BOUND else f"-{arguments.bound:g}") + ("-quick" if quick else "")
    figures = {
        "runs": {name: [each.to_json() for each in several] for name, several in runs.items()},
        "latency_ms": latencies,
        "specs": {name: specs[name, 0].model_dump(mode="json") for name in names},
    }
    Console().print(f"written to {write(f'methods-{arguments.backbone}{suffix}', figures)}")


def reaches(spec: SearchSpec) -> bool:
    """Whether a method's space has anything within its bound: EAS's, which keeps every FFN, may not."""
    space = build_space(spec, BackboneRegistry().get(spec.backbone))
    budget = macs_budget(spec, space)
    return budget is None or space.min_macs() <= budget


def table(runs: Runs, latencies: Mapping[str, float]) -> Table:
    """One line per method: means over the seeds, with the standard deviation of the accuracy."""
    columns = ("method", "accuracy %", "M MACs", "parameters", "latency ms", "search s", "evaluations")
    shown = Table(*columns, box=None, caption=CAPTION)
    for name, several in runs.items():
        accuracies = [100 * each.accuracy for each in several]
        spread = f" ± {statistics.stdev(accuracies):.2f}" if len(accuracies) > 1 else ""
        shown.add_row(
            name,
            f"{statistics.mean(accuracies):.2f}{spread}",
            f"{statistics.mean(each.macs for each in several) / 1e6:.2f}",
            f"{statistics.mean(each.parameters for each in several):,.0f}",
            f"{latencies[name]:.2f}",
            f"{statistics.mean(each.search_seconds for each in several):.0f}",
            f"{statistics.mean(each.evaluations for each in several):.0f}",
        )
    return shown


if __name__ == "__main__":
    main()
