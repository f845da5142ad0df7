"""The ways to score the same candidates: one student at a time, packs, a process for each, several processes."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import torch

from benchmarks.packs_world import World
from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome
from search.precision import Precision
from workers.finetune import evaluate, finetune
from workers.precision import products
from workers.scorer import Scorer
from workers.workbench import Workbench

PLAIN, AUTO, FRESH = "one at a time", "packs, size chosen", "a process each"
PACK, BF16 = "packs of {}", "{}, bf16"
Score = Callable[[Sequence[Genome]], list[float]]


@dataclass(frozen=True, slots=True)
class Timed:
    """The accuracies of candidates and how long all of them took together."""

    seconds: float
    accuracies: tuple[float, ...]

    @property
    def per_minute(self) -> float:
        """Candidates."""
        return 60 * len(self.accuracies) / self.seconds


def timed(score: Score, genomes: Sequence[Genome]) -> Timed:
    """Score and time."""
    start = time.perf_counter()
    accuracies = score(genomes)
    return Timed(time.perf_counter() - start, tuple(accuracies))


def plain(world: World) -> Score:
    """One student after the other, by nothing but a fine-tune and an evaluation."""
    torch.set_num_threads(1)
    bench = Workbench(world.job, device=torch.device(world.device))
    recipe = bench.recipe(world.job.spec.proxy)
    train, fitness = bench.training(recipe), bench.fitness()

    def one(genome: Genome) -> float:
        student = bench.student(bench.space.decode(genome))
        finetune(student, train, recipe)
        return evaluate(student, fitness)["accuracy"]

    return lambda genomes: [one(genome) for genome in genomes]


def scorer(world: World, *, threads: int = 1) -> Scorer:
    """What a worker has once it has trained a candidate; before that it wants none to share a pass."""
    found = Scorer(world.job, device=torch.device(world.device), threads=threads)
    measured(found, world.genomes[:1], Fidelity.PROXY)
    return found


def packs(found: Scorer, size: int | None) -> Score:
    """Packs of so many; None: of as many as the scorer asks for."""
    wanted = found.pack_size(Fidelity.PROXY) if size is None else size

    def score(genomes: Sequence[Genome]) -> list[float]:
        starts = range(0, len(genomes), wanted)
        return [each for at in starts for each in measured(found, genomes[at : at + wanted], Fidelity.PROXY)]

    return score


def measured(found: Scorer, genomes: Sequence[Genome], fidelity: Fidelity) -> list[float]:
    """The accuracies of one call.

    Raises:
        RuntimeError: a candidate failed; a benchmark does not go on with holes.
    """
    candidates = [Candidate(index, genome, fidelity) for index, genome in enumerate(genomes)]
    return [_accuracy(outcome) for outcome in found.measure(candidates)]


def _accuracy(outcome: Outcome) -> float:
    if isinstance(outcome, Failure):
        raise RuntimeError(f"a candidate failed: {outcome.reason}")  # noqa: TRY004 - no wrong type, a bad outcome
    return outcome["accuracy"]


def plain_in(precision: Precision, world: World) -> Score:
    """`plain` with matrix products in `precision`."""
    with products(precision, device := torch.device(world.device)):
        score = plain(world)

    def scored(genomes: Sequence[Genome]) -> list[float]:
        with products(precision, device):
            return score(genomes)

    return scored


def fresh(world: World) -> Score:
    """A new Python for every candidate: it imports, loads the backbone, scores, ends. So do evaluators of merges."""
    job = world.job
    asked = {
        "spec": job.spec.model_dump(mode="json"),
        "backbone": str(job.entry.path),
        "data": None if job.folders.data is None else str(job.folders.data),
        "artifacts": str(job.artifacts),
        "device": world.device,
    }

    def one(genome: Genome) -> float:
        given = json.dumps({**asked, "genome": genome})
        command = [sys.executable, "-m", "benchmarks.packs_fresh"]
        ended = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"a process of one candidate ended with {ended.returncode}: {ended.stderr[-800:]}")
        return float(json.loads(ended.stdout.splitlines()[-1]))

    return lambda genomes: [one(genome) for genome in genomes]


class Processes:
    """So many workers with so many threads each, loaded, that share the candidates evenly; packs are as they choose."""

    def __init__(self, world: World, *, count: int, threads: int) -> None:
        self._count = count
        self._pools = [
            ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_open, initargs=(world, threads))
            for _ in range(count)
        ]

    def __enter__(self) -> Score:
        for pool in self._pools:
            pool.submit(_score, ()).result()
        return self.score

    def __exit__(self, *_: object) -> None:
        for pool in self._pools:
            pool.shutdown()

    def score(self, genomes: Sequence[Genome]) -> list[float]:
        """Every process its share, at the same time."""
        parts = [genomes[at :: self._count] for at in range(self._count)]
        running = [pool.submit(_score, part) for pool, part in zip(self._pools, parts, strict=True)]
        found = [done.result() for done in running]
        return [found[at % self._count][at // self._count] for at in range(len(genomes))]


_SCORES: list[Score] = []  # of this process: one


def _open(world: World, threads: int) -> None:
    _SCORES.append(packs(scorer(world, threads=threads), None))


def _score(genomes: Sequence[Genome]) -> list[float]:
    return _SCORES[0](genomes) if genomes else []
