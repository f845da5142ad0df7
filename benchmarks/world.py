"""`python -m benchmarks.world`: the shipped network on the embedded world, beside what can be had without looking."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from benchmarks.machine import write
from models.batch import Split
from models.checkpoints import load_network
from models.network import file_digest
from models.registry import SHIPPED
from models.shapes.report import TaskReport, report_world
from models.weights import WEIGHTS
from models.workload import TaskName

QUICK = dict.fromkeys(TaskName, 500)
Reports = Mapping[Split, Mapping[TaskName, TaskReport]]


def main() -> None:
    """Measure, print a table, write `results/world.json` (not with --quick)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 examples of each split and task; writes nothing")
    quick: bool = parser.parse_args().quick
    folder = SHIPPED["shapes-vilt"]
    network = load_network(folder)
    splits = (Split.VALIDATION, Split.TEST)
    reports = {split: report_world(network, split, counts=QUICK if quick else None) for split in splits}
    console = Console()
    console.print(table(reports))
    if not quick:
        accuracy = {split: {task: asdict(each) for task, each in tasks.items()} for split, tasks in reports.items()}
        weights = file_digest(folder / WEIGHTS)
        console.print(f"written to {write('world', {'weights_sha256': weights, 'data_seed': 0, 'accuracy': accuracy})}")


def table(reports: Reports) -> Table:
    """A row for each split and task; accuracies in percent."""
    columns = ("split", "task", "examples", "accuracy %", "chance", "majority", "text only")
    shown = Table(*columns, title="shapes-vilt as it ships, nothing fine-tuned", box=None)
    for split, tasks in reports.items():
        for task, report in tasks.items():
            scores = (report.accuracy, report.chance, report.majority, report.text_only)
            shown.add_row(split, task, str(report.examples), *(f"{100 * score:.1f}" for score in scores))
    return shown


if __name__ == "__main__":
    main()
