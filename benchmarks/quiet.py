"""Latency of exported models, side by side on a machine that does nothing else."""

import statistics
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from rich.progress import track

from models.batch import Split
from models.datasets import open_data
from models.foreground.look import Look
from models.foreground.names import NONE
from models.foreground.provider import ForegroundError
from models.slim import SlimModel, load_slim

ROUNDS, WARMUP = 60, 5


def quiet_latencies(folders: Mapping[str, Path]) -> dict[str, float]:
    """Median milliseconds of one example by name: the models take turns for `ROUNDS` rounds, on one thread.

    Of a model whose patch filter asks a foreground provider, the provider's look at the images and the network.

    Raises:
        ForegroundError: a model asks a provider that is not to be had without its folder.
    """
    torch.set_num_threads(1)
    models = {name: load_slim(folder) for name, folder in folders.items()}
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in track(range(WARMUP + ROUNDS), description="latency"):
        for name, model in models.items():
            times[name].append(_timed(model))
    return {name: statistics.median(several[WARMUP:]) for name, several in times.items()}


def _timed(model: SlimModel) -> float:
    look = _look(model)
    single = open_data("shapes", model.task, look=look).examples(Split.TEST, 1)
    start = time.perf_counter()
    model.logits(single)
    network = 1e3 * (time.perf_counter() - start)
    if look is None or (looking := look.latency) is None:
        return network
    return network + single.pixel_values.shape[1] * looking.median_ms


def _look(model: SlimModel) -> Look | None:
    """A look that has seen no picture yet: one that has would not ask the provider again."""
    if model.foreground == NONE:
        return None
    if model.provider is None:
        raise ForegroundError(f"no foreground '{model.foreground}' here: only models of 'saliency' can be timed")
    return Look(model.provider, model.backbone.config.patch_size)
