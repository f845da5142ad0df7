"""Where the time of a way to score goes, and the memory it needs, in a process of its own."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.packs_ways import PLAIN, packs, plain, scorer
from benchmarks.packs_world import World
from benchmarks.real_search import peak_memory

PRODUCTS = ("aten::addmm", "aten::mm", "aten::bmm", "aten::baddbmm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Shares are of the wall time under the profiler, 0 to 1.

    On the CPU the time of operators themselves, on a GPU that of the kernels they start. The profiler adds time to each
    operator, so shares of many small ones are a little low.
    """

    products: float  # addmm, mm, bmm, baddbmm
    attention: float  # fused attention kernels, whose products are not among those above
    peak_memory_gib: float  # of the process from its start; on a GPU of tensors while it scores
    opening_seconds: float  # until the first candidate can be scored; packs whose size is chosen are timed in it


def profiled(world: World, way: str, size: int | None, candidates: int) -> Profile:
    """One pass over the first candidates; call it in a process of its own, as the peak is the process's."""
    device = torch.device(world.device)
    start = time.perf_counter()
    score = plain(world) if way == PLAIN else packs(scorer(world), size)
    opening = time.perf_counter() - start
    genomes = world.genomes[:candidates]
    score(genomes[:1])
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    score(genomes)
    peak = peak_memory(device)  # before the profiler, which has memory of its own
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
    with profile(activities=activities, acc_events=True) as seen:
        start = time.perf_counter()
        score(genomes)
        wall = time.perf_counter() - start
    products, attention = shares(times(seen, cuda=device.type == "cuda"), wall)
    return Profile(products=products, attention=attention, peak_memory_gib=peak / 2**30, opening_seconds=opening)


def times(seen: profile, *, cuda: bool) -> list[tuple[str, float]]:
    """Operators and seconds that each spent itself, in its kernels on a GPU."""
    return [
        (each.key, 1e-6 * (each.self_device_time_total if cuda else each.self_cpu_time_total))
        for each in seen.key_averages()
    ]


def shares(operators: Sequence[tuple[str, float]], wall: float) -> tuple[float, float]:
    """Of the wall time, what matrix products take and what fused attention takes."""
    products = sum(seconds for name, seconds in operators if name in PRODUCTS)
    attention = sum(seconds for name, seconds in operators if name.startswith("aten::") and "attention" in name)
    return products / wall, attention / wall
