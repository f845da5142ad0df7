"""Measures candidates on one worker: the backbone is loaded once, each candidate trains only its own few parameters."""

import hashlib
import json
import logging
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from models.architecture import Architecture
from models.batch import Split, TaskData
from models.checkpoints import load_network
from models.cost import CostModel
from models.datasets import open_data
from models.measure import measure_latency, measure_peak_memory
from models.network import Network, file_digest
from models.registry import BackboneEntry
from models.slim import export_slim
from models.student import Student, embed_batch
from models.weights import WEIGHTS
from search.build import build_space
from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome
from search.spec import FinalSpec, ProxySpec, SearchSpec
from workers.examples import Examples
from workers.finetune import DivergedError, Recipe, accuracy, finetune

log = logging.getLogger(__name__)

PROGRESS_EVERY = 100  # steps between two log lines of a long fine-tune


@dataclass(frozen=True, slots=True)
class ScoringJob:
    """What a worker needs to score a search's candidates; small, and the same for every worker."""

    spec: SearchSpec
    entry: BackboneEntry
    artifacts: Path  # a folder all workers see: fine-tuned weights and exported models

    def weights_file(self, genome: Genome) -> Path:
        """Where the fine-tuned weights of a finalist lie between FINAL and TEST."""
        return self.artifacts / "finals" / f"{slug(genome)}.safetensors"

    def model_folder(self, genome: Genome) -> Path:
        """Where the slim model of a finalist is exported."""
        return self.artifacts / "models" / slug(genome)


class Scorer:
    """Turns a candidate into a measurement. Equal jobs and candidates give equal accuracies on equal machines."""

    def __init__(self, job: ScoringJob, *, device: torch.device, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self._job = job
        self._device = device
        self._space = build_space(job.spec, job.entry)
        self._cost = CostModel(job.entry.config, job.entry.workload(job.spec.task))
        self._network = _on_device(load_network(job.entry.path), device)
        self._data: TaskData = open_data(job.spec.data, job.spec.task)
        self._splits: dict[tuple[Split, int | None], Examples] = {}
        self._proxy_splits()  # now, so that the first candidate is no slower than the others

    def measure(self, candidate: Candidate) -> Outcome:
        """The outcome of `candidate` at its fidelity; divergence and lack of memory are failures, not exceptions."""
        start = time.perf_counter()
        try:
            measured = self._measure(candidate)
        except DivergedError as error:
            return Failure(f"diverged: {error}")
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            return Failure(f"out of memory on {self._device}: {error}")
        except OSError as error:
            return Failure(f"a file of the {candidate.fidelity} stage cannot be read or written: {error}")
        return measured | {"seconds": time.perf_counter() - start}

    def _measure(self, candidate: Candidate) -> dict[str, float]:
        architecture = self._space.decode(candidate.genome)
        if candidate.fidelity is Fidelity.PROXY:
            return self._proxy(architecture)
        if candidate.fidelity is Fidelity.FINAL:
            return self._final(candidate.genome, architecture)
        if candidate.fidelity is Fidelity.TEST:
            return self._test(candidate.genome, architecture)
        return self._plain()

    def _proxy(self, architecture: Architecture) -> dict[str, float]:
        spec = self._job.spec.proxy
        student = self._student(architecture)
        train, fitness = self._proxy_splits()
        finetune(student, train, self._recipe(spec))
        return {"accuracy": accuracy(student, fitness)} | self._costs(architecture)

    def _proxy_splits(self) -> tuple[Examples, Examples]:
        """What the proxy trains on, no more than it has steps for, and what it is scored on."""
        spec = self._job.spec.proxy
        wanted = min(max(spec.steps, 1) * spec.batch_size, self._data.sizes[Split.TRAIN])
        return self._examples(Split.TRAIN, wanted), self._examples(Split.FITNESS, spec.fitness_examples)

    def _final(self, genome: Genome, architecture: Architecture) -> dict[str, float]:
        student = self._student(architecture)
        total = self._job.spec.final.steps

        def progress(step: int, loss: float) -> None:
            if step % PROGRESS_EVERY == 0 or step == total:
                log.info("final fine-tune of %s: step %d of %d, loss %.4f", slug(genome), step, total, loss)

        finetune(student, self._examples(Split.TRAIN), self._recipe(self._job.spec.final), progress=progress)
        file = self._job.weights_file(genome)
        file.parent.mkdir(parents=True, exist_ok=True)
        staged = file.with_suffix(".part")
        save_file({key: value.cpu() for key, value in student.state_dict().items()}, staged)
        staged.rename(file)
        return {"accuracy": accuracy(student, self._examples(Split.VALIDATION))} | self._costs(architecture)

    def _test(self, genome: Genome, architecture: Architecture) -> dict[str, float]:
        student = self._student(architecture)
        student.load_state_dict(load_file(self._job.weights_file(genome)))
        measured = self._on_test(student, architecture)
        export_slim(
            self._job.model_folder(genome),
            student,
            network=self._network,
            task=self._job.spec.task,
            provenance=self._provenance() | {"genome": list(genome), "test": dict(measured)},
        )
        return measured

    def _plain(self) -> dict[str, float]:
        architecture = Architecture.full(self._job.entry.config.sub_layers)
        return self._on_test(self._student(architecture), architecture)

    def _on_test(self, student: Student, architecture: Architecture) -> dict[str, float]:
        examples = self._examples(Split.TEST)
        return {"accuracy": accuracy(student, examples)} | self._costs(architecture) | self._speed(student)

    def _speed(self, student: Student) -> dict[str, float]:
        """Latency of one example, and the memory its forward call needs; the embedding of the inputs is included."""
        single = self._data.examples(Split.TEST, 1).to(self._device)

        @torch.inference_mode()
        def call() -> None:
            student(*embed_batch(student.backbone, single))

        latency = measure_latency(call, self._device)
        memory = measure_peak_memory(call, self._device)
        return {
            "latency_ms": latency.median_ms,
            "latency_p90_ms": latency.p90_ms,
            "peak_memory_mb": memory / 2**20,
        }

    def _student(self, architecture: Architecture) -> Student:
        """Adapters are drawn from the search's seed alone: what two candidates share starts equal."""
        generator = torch.Generator().manual_seed(self._job.spec.seed)
        return Student(self._network, architecture, self._job.spec.task, generator=generator)

    def _recipe(self, spec: ProxySpec | FinalSpec) -> Recipe:
        return Recipe(
            steps=spec.steps,
            batch_size=spec.batch_size,
            learning_rate=spec.learning_rate,
            head_learning_rate=spec.head_learning_rate,
            seed=self._job.spec.seed,
        )

    def _examples(self, split: Split, count: int | None = None) -> Examples:
        if (split, count) not in self._splits:
            self._splits[split, count] = Examples.of(self._network.backbone, self._data.examples(split, count))
        return self._splits[split, count]

    def _costs(self, architecture: Architecture) -> dict[str, float]:
        parameters = self._cost.parameters(architecture)
        return {
            "macs": float(self._cost.macs(architecture)),
            "parameters": float(parameters.total),
            "trainable_parameters": float(parameters.trainable),
        }

    def _provenance(self) -> dict[str, object]:
        return {
            "search": self._job.spec.model_dump(mode="json"),
            "backbone_sha256": file_digest(self._job.entry.path / WEIGHTS),
            "versions": {name: version(name) for name in ("twinsieve", "torch", "safetensors")},
            "latency": f"one example on {_name(self._device)}, {torch.get_num_threads()} thread(s), median",
        }


def slug(genome: Genome) -> str:
    """A short file name for a chromosome."""
    return hashlib.sha256(json.dumps(genome).encode()).hexdigest()[:16]


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"


def _on_device(network: Network, device: torch.device) -> Network:
    network.backbone.to(device)
    network.heads.to(device)
    return network


def best_device() -> torch.device:
    """The GPU that this worker was given, else the CPU."""
    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
