"""`python -m benchmarks.world`: the shipped networks on the embedded world, beside what can be had without looking."""

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
SPLITS = (Split.VALIDATION, Split.TEST)
Reports = Mapping[str, Mapping[Split, Mapping[TaskName, TaskReport]]]


def main() -> None:
    """Measure, print a table, write `results/world.json` (not with --quick)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 examples of each split and task; writes nothing")
    quick: bool = parser.parse_args().quick
    counts = QUICK if quick else None
    reports = {
        name: {split: report_world(load_network(folder), split, counts=counts) for split in SPLITS}
        for name, folder in SHIPPED.items()
    }
    console = Console()
    console.print(table(reports))
    if not quick:
        console.print(f"written to {write('world', {name: figures(name, reports) for name in reports})}")


def figures(name: str, reports: Reports) -> dict[str, object]:
    """What was measured of one network, and which weights these were."""
    splits = reports[name].items()
    accuracy = {split: {task: asdict(each) for task, each in tasks.items()} for split, tasks in splits}
    return {"weights_sha256": file_digest(SHIPPED[name] / WEIGHTS), "data_seed": 0, "accuracy": accuracy}


def table(reports: Reports) -> Table:
    """A row for each network, split and task; accuracies in percent."""
    columns = ("network", "split", "task", "examples", "accuracy %", "chance", "majority", "text only")
    shown = Table(*columns, title="the networks as they ship, nothing fine-tuned", box=None)
    for name, splits in reports.items():
        for split, tasks in splits.items():
            for task, report in tasks.items():
                scores = (report.accuracy, report.chance, report.majority, report.text_only)
                shown.add_row(name, split, task, str(report.examples), *(f"{100 * score:.1f}" for score in scores))
    return shown


if __name__ == "__main__":
    main()
