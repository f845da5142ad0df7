"""How many candidates should share a pass on this machine: found with a few real steps, on real rows."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import torch

from models.measure import measure_peak_memory
from search.build import macs_budget
from search.contracts import Fidelity, Genome
from workers.examples import Examples
from workers.expected_failures import EXPECTED, failure, lacks_memory
from workers.free_memory import free_memory
from workers.pack_training import SCORED, PackTraining
from workers.workbench import Workbench

log = logging.getLogger(__name__)

MOST = 256
GAIN = 0.05  # less time per candidate than this share is not worth a larger pack
MARGIN = 0.7  # of the free memory; allocators waste some, and others take some meanwhile
FORWARD = 0.5  # of a training step's time is what a batch takes to be scored, the backbone being frozen
PROXIES = 2  # a calibration lasts about as long as so many of them
STEPS = 3  # of each size: memory is counted in the first one, and the faster one of the others counts


Trial = Callable[[int], tuple[float, int]]
"""Takes a pack of some size some steps: seconds of a step, and the most bytes that it held."""


def calibrated(bench: Workbench, *, memory_share: float | None) -> int:
    """The pack size for fine-tunes by the proxy's recipe; 1 where what can befall a candidate befalls a trial."""
    try:
        return _calibrated(bench, memory_share)
    except EXPECTED as error:
        failed = failure(error, Fidelity.PROXY, bench.device)
        if failed is None:
            raise
        log.warning("packs of 1; no other size could be tried: %s", failed.reason)
        return 1


def _calibrated(bench: Workbench, memory_share: float | None) -> int:
    recipe = bench.recipe(bench.job.spec.proxy)
    scored = FORWARD * len(bench.fitness()) / recipe.batch_size

    def free() -> int:
        return free_memory(bench.device, workers=bench.job.spec.workers, share=memory_share)

    return chosen(_trial(bench), free, allowed_steps=PROXIES * (recipe.steps + scored), clock=time.perf_counter)


def chosen(trial: Trial, free: Callable[[], int], *, allowed_steps: float, clock: Callable[[], float]) -> int:
    """The power of two up to which each doubling paid off and fitted.

    Args:
        trial: is called with 1, 2, 4, ...
        free: bytes that are free at this moment.
        allowed_steps: how long this may last, in steps of one candidate.
        clock: in seconds.
    """
    start, size = clock(), 1
    seconds, peak = trial(size)
    times, growth, end = {size: seconds}, float(peak), start + allowed_steps * seconds
    while 2 * size <= MOST and clock() + STEPS * 2 * seconds <= end and peak + growth * size <= MARGIN * free():
        try:
            seconds, more = trial(2 * size)
        except (RuntimeError, MemoryError) as error:
            if not lacks_memory(error):
                raise
            break
        growth, peak, times[2 * size] = (more - peak) / size, more, seconds / (2 * size)
        if times[2 * size] > (1 - GAIN) * times[size]:
            break
        size *= 2
    told = ", ".join(f"{each}: {1e3 * taken:.1f}" for each, taken in times.items())
    log.info(
        "packs of %d; ms of a step per candidate by pack size: %s; %.0f MiB more for each candidate, %.0f MiB free",
        size,
        told,
        growth / 2**20,
        free() / 2**20,
    )
    return size


def _trial(bench: Workbench) -> Trial:
    """Packs of random chromosomes that cost about what the budget allows, with as many patches as there can be."""
    genomes = _random_genomes(bench)
    recipe = bench.recipe(bench.job.spec.proxy)
    recipe = replace(recipe, steps=max(recipe.steps, STEPS))
    examples = bench.training(recipe)
    held_out = bench.fitness(min(SCORED, bench.job.spec.proxy.fitness_examples))

    def trial(size: int) -> tuple[float, int]:
        students = [bench.student(bench.space.decode(genome)) for genome in islice(genomes, size)]
        training = PackTraining(students, recipe)

        def run() -> None:
            training.advance(examples, 1)
            training.evaluate(held_out)  # may hold more than a step does: it has all passes of its examples

        peak = measure_peak_memory(run, bench.device)
        return min(_seconds(training, examples, step, bench.device) for step in range(2, STEPS + 1)), peak

    return trial


def _seconds(training: PackTraining, examples: Examples, step: int, device: torch.device) -> float:
    start = time.perf_counter()
    training.advance(examples, step)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def _random_genomes(bench: Workbench) -> Iterator[Genome]:
    """Of random numbers of their own: the search's are not touched."""
    space, layers = bench.space, len(bench.space.layers)
    budget, rng = macs_budget(bench.job.spec, space), random.Random(bench.job.spec.seed)  # noqa: S311 - nothing secret
    while True:
        yield space.sample(rng, target=budget)[:layers] + space.full[layers:]
