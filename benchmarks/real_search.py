"""One short search on a backbone of real size, through the classes that a job runs through, and what it took."""

import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from models.architecture import Architecture
from models.batch import Split
from models.cost import cost_model
from models.folders import Folders
from models.inputs import read_batch
from models.measure import measure_latency
from models.registry import BackboneEntry
from models.student import Student
from search.algorithms import search_algorithm
from search.build import build_algorithm, build_space, check_spec, macs_budget
from search.contracts import Candidate, Failure, Fidelity, Outcome
from search.precision import Precision
from search.spec import SearchSpec, parse_spec
from workers.opening import open_search
from workers.precision import products
from workers.scorer import Scorer, ScoringJob
from workers.serial_runner import SerialRunner


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much of everything; `finals` says whether the winner is fine-tuned, tested and exported as well."""

    images: int
    candidates: int
    population: int | None  # of the genetic algorithm; None: random candidates
    steps: int
    batch: int  # examples, of a step and of the timed forward call
    fitness: int
    finals: bool


SMOKE = Scale(images=64, candidates=3, population=None, steps=2, batch=8, fitness=16, finals=False)
FULL = Scale(images=1024, candidates=16, population=8, steps=20, batch=32, fitness=128, finals=True)
FORWARDS = 3  # timed forward calls, after one that is not


@dataclass(frozen=True, slots=True, kw_only=True)
class RealSize:
    """What a search took. GMACs are of one example.

    The forward call is that of the network as published, from pixels to logits, on the data's own image size;
    `candidate_gmacs` are those a search goes by, of a square image. A candidate trains and is scored on
    `candidate_examples`; what is frozen for all candidates runs only once, in `opening_seconds`, which is why a
    candidate can be faster than its GMACs suggest.
    """

    backbone: str
    precision: str  # of the candidates and of the forward call
    device: str
    threads: int
    parameters: int
    forward_gmacs: float
    forward_examples_per_second: float
    forward_gmacs_per_second: float
    opening_seconds: float
    candidates: int
    candidate_gmacs: tuple[float, ...]
    candidate_examples: int
    candidate_seconds: float  # median
    candidate_examples_per_second: float
    search_seconds: float  # with the finals, if there are any
    peak_memory_gib: float  # of the GPU, see `_run`; without one of the process, loading included
    spec: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def real_search(
    entry: BackboneEntry,
    folders: Folders,
    scale: Scale,
    *,
    data: str,
    device: torch.device,
    threads: int,
    precision: Precision = Precision.FLOAT32,
) -> RealSize:
    """Search a few candidates of both sieves on `data`, then time the whole network.

    Raises:
        RuntimeError: a candidate failed, or the device ran out of memory.
    """
    spec = real_spec(entry.name, data, scale, precision=precision)
    check_spec(spec, entry, folders)
    with TemporaryDirectory() as scratch:
        job = ScoringJob(spec, entry, Path(scratch), folders)
        start = time.perf_counter()
        scorer = Scorer(job, device=device, threads=threads)
        opening = time.perf_counter() - start
        proxies, seconds, memory = _run(job, _one_by_one(scorer), finals=scale.finals, device=device)
        del scorer  # its network makes room for the next one
        forward = _forward(job, batch=scale.batch, device=device)
    taken = statistics.median(each["seconds"] for each in proxies)
    examples = scale.steps * scale.batch + scale.fitness
    return RealSize(
        backbone=entry.name,
        precision=precision,
        device=device_name(device),
        threads=threads,
        **forward,
        opening_seconds=opening,
        candidates=len(proxies),
        candidate_gmacs=tuple(each["macs"] / 1e9 for each in proxies),
        candidate_examples=examples,
        candidate_seconds=taken,
        candidate_examples_per_second=examples / taken,
        search_seconds=seconds,
        peak_memory_gib=memory / 2**30,
        spec=spec.model_dump(mode="json"),
    )


def real_spec(backbone: str, data: str, scale: Scale, *, precision: Precision = Precision.FLOAT32) -> SearchSpec:
    """Layer and patch genes, adapters of width 96 (our choice, after DAS) by our recipe, foreground by saliency."""
    genetic = {"name": "genetic", "population": scale.population}
    tuned = {"steps": scale.steps, "batch_size": scale.batch, "learning_rate": 1e-4, "head_learning_rate": 1e-4}
    return parse_spec(
        {
            "name": f"real-size-{backbone}",
            "backbone": backbone,
            "data": data,
            "space": {
                "dropped": "bottleneck:96",
                "modules": ["bottleneck:96"],
                "patch_ratios": [1.0, 0.7, 0.5],
                "foreground": "saliency",
            },
            "budget": {"candidates": scale.candidates, "macs_ratio": 0.8},
            "algorithm": {"name": "random"} if scale.population is None else genetic,
            "proxy": {**tuned, "fitness_examples": scale.fitness},
            "final": {**tuned, "finalists": 1},
            "precision": precision,
            "workers": 1,
        }
    )


def _one_by_one(scorer: Scorer) -> Callable[[Candidate], Outcome]:
    def alone(candidate: Candidate) -> Outcome:
        (outcome,) = scorer.measure([candidate])
        return outcome

    return alone


def _run(
    job: ScoringJob, measure: Callable[[Candidate], Outcome], *, finals: bool, device: torch.device
) -> tuple[list[dict[str, float]], float, int]:
    """The measurements of all proxies, the seconds of the whole search, and its peak memory in bytes.

    The scorer measures the memory of one forward call at the end of PLAIN and TEST, and a GPU's peak starts anew there.
    So it is noted before every measurement; what these two stages take for their accuracy is not seen.
    """
    space = build_space(job.spec, job.entry, job.folders)
    plain = search_algorithm(job.spec, space, macs_budget(job.spec, space))
    proxies: list[dict[str, float]] = []
    peaks: list[int] = []

    def noted(candidate: Candidate) -> Outcome:
        peaks.append(peak_memory(device))
        outcome = measure(candidate)
        if isinstance(outcome, Failure):
            raise RuntimeError(f"candidate {candidate.index}: {outcome.reason}")  # noqa: TRY004 - no wrong type
        if candidate.fidelity is Fidelity.PROXY:
            proxies.append(dict(outcome))
        return outcome

    utilisation = SerialRunner(noted).run(build_algorithm(job.spec, space) if finals else plain)
    return proxies, utilisation.wall_seconds, max([*peaks, peak_memory(device)])


def _forward(job: ScoringJob, *, batch: int, device: torch.device) -> dict[str, Any]:
    """How fast the network runs as it is published: everything kept, no adapters, pixels to logits."""
    opened = open_search(job.spec, job.entry, job.folders, splits=job.splits_file, device=device)
    architecture = Architecture.full(job.entry.config.sub_layers)
    generator = torch.Generator().manual_seed(job.spec.seed)
    student = Student(opened.network, architecture, job.spec.task, generator=generator)
    examples = opened.data.examples(Split.TRAIN, batch).to(device)
    height, width = examples.pixel_values.shape[-2:]
    example = replace(job.entry.workload(job.spec.task), image_height=height, image_width=width)
    cost = cost_model(job.entry.config, example)

    @torch.inference_mode()
    def call() -> None:
        with products(job.spec.precision, device):
            student(read_batch(student.backbone, examples).all())

    latency = measure_latency(call, device, warmup=1, repeats=FORWARDS)
    speed, gmacs = 1e3 * batch / latency.median_ms, cost.macs(architecture) / 1e9
    return {
        "parameters": cost.parameters(architecture).total,
        "forward_gmacs": gmacs,
        "forward_examples_per_second": speed,
        "forward_gmacs_per_second": speed * gmacs,
    }


def peak_memory(device: torch.device) -> int:
    """The most bytes that were in use: by tensors on a GPU since its peak was last reset, else by this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.exists():  # Linux, whose `ru_maxrss` a new process inherits from the one that started it
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return 1024 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def device_name(device: torch.device) -> str:
    """What the figures were measured on."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
