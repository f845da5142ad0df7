"""Latency of exported models, side by side on a machine that does nothing else."""

import statistics
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from rich.progress import track

from models.batch import Split
from models.datasets import open_data
from models.slim import SlimModel, load_slim

ROUNDS, WARMUP = 60, 5


def quiet_latencies(folders: Mapping[str, Path]) -> dict[str, float]:
    """Median milliseconds of one example by name: the models take turns for `ROUNDS` rounds, on one thread."""
    torch.set_num_threads(1)
    models = {name: load_slim(folder) for name, folder in folders.items()}
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in track(range(WARMUP + ROUNDS), description="latency"):
        for name, model in models.items():
            times[name].append(_timed(model))
    return {name: statistics.median(several[WARMUP:]) for name, several in times.items()}


def _timed(model: SlimModel) -> float:
    single = open_data("shapes", model.task).examples(Split.TEST, 1)
    start = time.perf_counter()
    model.logits(single)
    return 1e3 * (time.perf_counter() - start)
