"""Scores every chromosome of a small space, so that searches can be judged against the true optimum.

`python -m benchmarks.table [--genes 16] [--examples 512]` trains shared weights under random masks and scores all
2^genes masks with them; `--proxy --genes 10` gives every chromosome the proxy fine-tune of a search instead. One
thread; what an interrupted call scored is kept. Writes `benchmarks/tables/`, which `benchmarks.quality` reads.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import Progress, TaskID

from benchmarks.machine import machine
from benchmarks.measuring import CACHE, Question, ask, weights_digest
from benchmarks.table_file import TABLES, ScoredTable
from benchmarks.table_space import BACKBONE, TableSpace
from benchmarks.table_walk import Walk
from benchmarks.table_weights import STEPS, Shared, train_shared

CHUNK = 64  # examples of one walk; more fall out of the processor's caches
PARTS = 2


def main() -> None:
    """Score what is missing, write the table, say what it looks like."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", type=int, default=16, help="the last so many sub-layers may be dropped")
    parser.add_argument(
        "--examples", type=int, default=512, help=f"of the fitness split; {PARTS * CHUNK} or a multiple"
    )
    parser.add_argument("--proxy", action="store_true", help="a proxy fine-tune each instead of shared weights")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    CACHE.mkdir(exist_ok=True)
    table = TableSpace(arguments.genes)
    scored = by_proxy(table) if arguments.proxy else by_shared_weights(table, examples=arguments.examples)
    file = TABLES / f"{BACKBONE}-{arguments.genes}-{'proxy' if arguments.proxy else 'shared'}.npz"
    scored.save(file)
    print(json.dumps(summary(table, scored), indent=1))
    print(f"written to {file}, {file.stat().st_size:,} bytes")


def by_shared_weights(table: TableSpace, *, examples: int, steps: int = STEPS, folder: Path = CACHE) -> ScoredTable:
    """Every chromosome with weights that all of them share.

    Raises:
        ValueError: the examples do not make whole chunks in each part.
    """
    if examples <= 0 or examples % (PARTS * CHUNK):
        raise ValueError(f"{examples} examples; give a multiple of {PARTS * CHUNK}, such as 512")
    shared = train_shared(table, examples=examples, kept_in=folder, steps=steps)
    walk = Walk(shared.student, table)
    with Progress() as progress:
        bar = progress.add_task("chromosomes of each chunk", total=(examples // CHUNK) << table.genes)
        chunks = [
            _chunk(walk, shared, start, folder=folder, progress=progress, bar=bar)
            for start in range(0, examples, CHUNK)
        ]
    correct = np.stack(chunks).reshape(PARTS, -1, 1 << table.genes).sum(1, dtype=np.uint16)
    return ScoredTable(table.genes, examples, correct, _made(table) | {"steps": steps, "shared_sha256": shared.digest})


def by_proxy(table: TableSpace) -> ScoredTable:
    """Every chromosome after a proxy fine-tune of its own, as a search measures it."""
    first = (1,) * table.first_place
    questions = [Question(table.spec, first + table.genome(number)) for number in range(1 << table.genes)]
    measured = ask(questions, title="proxy fine-tunes", kept_in=f"table-proxy-{table.genes}", processes=1)
    examples = table.spec.proxy.fitness_examples
    correct = np.array([[round(each["accuracy"] * examples) for each in measured]], dtype=np.uint16)
    return ScoredTable(table.genes, examples, correct, _made(table))


def summary(table: TableSpace, scored: ScoredTable) -> dict[str, object]:
    """Whether the landscape is sane: spread, best, the full chromosome, what a bound leaves, noise of the examples."""
    accuracy = scored.accuracy
    bounds = {ratio: table.macs <= ratio * table.macs[-1] for ratio in (1.0, 0.75, 0.5)}
    bounds = {ratio: within for ratio, within in bounds.items() if within.any()}
    found: dict[str, object] = {
        "examples": scored.examples,
        "accuracy quantiles 0, 0.5, 0.9, 0.99, 0.999, 1": {
            ratio: np.quantile(accuracy[within], (0, 0.5, 0.9, 0.99, 0.999, 1)).round(4).tolist()
            for ratio, within in bounds.items()
        },
        "full": float(accuracy[-1]),
        "chromosomes within": {ratio: int(within.sum()) for ratio, within in bounds.items()},
    }
    if len(scored.correct) == PARTS:
        found["correlation of the halves"] = scored.halves_correlation
    return found


def _chunk(
    walk: Walk, shared: Shared, start: int, *, folder: Path, progress: Progress, bar: TaskID
) -> NDArray[np.uint16]:
    """What each chromosome answers rightly of `CHUNK` examples; taken from a file where one is."""
    file = folder / f"walk-{shared.digest[:16]}-{start}-{CHUNK}.npy"
    if file.exists():
        correct: NDArray[np.uint16] = np.load(file)
        progress.advance(bar, len(correct))
        return correct
    inputs, targets = shared.fitness.rows(torch.arange(start, start + CHUNK))
    correct = walk.correct(inputs, targets, progress=lambda: progress.advance(bar))
    staged = file.with_suffix(".part.npy")
    np.save(staged, correct)
    staged.rename(file)
    return correct


def _made(table: TableSpace) -> dict[str, Any]:
    return {
        "backbone": BACKBONE,
        "weights_sha256": weights_digest(BACKBONE),
        "spec": table.spec.model_dump(mode="json", include={"data", "task", "space", "seed", "proxy"}),
        "machine": machine(),
    }


if __name__ == "__main__":
    main()
