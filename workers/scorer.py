"""Measures candidates on one worker: the backbone is loaded once, each candidate trains only its own few parameters."""

import hashlib
import json
import logging
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from models.architecture import Architecture
from models.batch import Split
from models.cost import cost_model, looks_for_foreground
from models.data.errors import DataError
from models.data.gallery import open_gallery
from models.folders import NOWHERE, Folders
from models.foreground.provider import ForegroundError
from models.inputs import Prefix, read_batch
from models.measure import measure_latency, measure_peak_memory
from models.network import file_digest
from models.registry import BackboneEntry
from models.slim import export_slim
from models.student import Student
from models.weights import WEIGHTS
from models.workload import TaskName
from search.algorithm_spec import DasSpec
from search.build import build_space, workload
from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome, gene_key
from search.spec import FinalSpec, ProxySpec, SearchSpec
from workers.examples import Examples
from workers.finetune import evaluate, finetune
from workers.opening import open_search
from workers.optimiser import DivergedError, Recipe, training
from workers.probe import check_probe, probe
from workers.retrieval import ReadGallery, read_gallery, retrieval_metrics, score_matrix

log = logging.getLogger(__name__)

PAIRS = 256  # of an image and a text in one pass of the network
KEPT_BYTES = 4 * 2**30  # of splits that stay held when a worker comes to another stage
PROGRESS_EVERY = 100  # steps between two log lines of a long fine-tune


@dataclass(frozen=True, slots=True)
class ScoringJob:
    """What a worker needs to score a search's candidates; small, and the same for every worker."""

    spec: SearchSpec
    entry: BackboneEntry
    artifacts: Path  # a folder all workers see: fine-tuned weights and exported models
    folders: Folders = NOWHERE  # of real data and foreground providers, which all workers see too

    @property
    def splits_file(self) -> Path:
        """Where the splits of real data are written down."""
        return self.artifacts / "splits.json"

    def weights_file(self, genome: Genome) -> Path:
        """Where the fine-tuned weights of a finalist lie between FINAL and TEST."""
        return self.artifacts / "finals" / f"{slug(genome)}.safetensors"

    def model_folder(self, genome: Genome) -> Path:
        """Where the slim model of a finalist is exported."""
        return self.artifacts / "models" / slug(genome)


class Scorer:
    """Turns a candidate into a measurement.

    On the CPU, with as many threads, equal jobs and candidates give equal accuracies. On a GPU they only come close:
    its sums have no fixed order, and the switch that gives them one is the whole process's, so it is left alone.
    """

    def __init__(self, job: ScoringJob, *, device: torch.device, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self._job = job
        self._device = device
        self._space = build_space(job.spec, job.entry, job.folders)
        frozen = self._space.frozen_blocks
        self._prefix = Prefix(text=frozen.text, image=frozen.image)
        self._cost = cost_model(job.entry.config, workload(job.spec, job.entry, job.folders))
        opened = open_search(job.spec, job.entry, job.folders, splits=job.splits_file, device=device)
        self._network, self._data, self._look = opened.network, opened.data, opened.look
        self._pixels = opened.pixels
        check_probe(job.spec, self._network)
        self._splits: dict[tuple[Split, int], Examples] = {}
        self._stage = Fidelity.PROXY
        self._gallery: ReadGallery | None = None
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
        except (DataError, ForegroundError) as error:
            return Failure(f"an example of the {candidate.fidelity} stage cannot be used: {error}")
        return measured | {"seconds": time.perf_counter() - start}

    def _measure(self, candidate: Candidate) -> dict[str, float]:
        architecture = self._space.decode(candidate.genome)
        self._enter(candidate.fidelity)
        if candidate.fidelity is Fidelity.PROBE:
            return self._probe()
        if candidate.fidelity is Fidelity.PROXY:
            return self._proxy(architecture)
        if candidate.fidelity is Fidelity.FINAL:
            return self._final(candidate.genome, architecture)
        if candidate.fidelity is Fidelity.TEST:
            return self._test(candidate.genome, architecture)
        return self._plain()

    def _enter(self, stage: Fidelity) -> None:
        """Let go of the splits of the stage before, if they are large: few of them are used again."""
        stage = Fidelity.PROXY if stage is Fidelity.PROBE else stage  # which looks at the proxy's
        if stage is not self._stage and sum(each.nbytes for each in self._splits.values()) > KEPT_BYTES:
            self._splits.clear()
        self._stage = stage

    def _proxy(self, architecture: Architecture) -> dict[str, float]:
        spec = self._job.spec.proxy
        student = self._student(architecture)
        train, fitness = self._proxy_splits()
        finetune(student, train, self._recipe(spec))
        return evaluate(student, fitness) | self._costs(architecture)

    def _proxy_splits(self) -> tuple[Examples, Examples]:
        """What the proxy trains on and what it is scored on: a split that is smaller than the spec asks, whole."""
        spec = self._job.spec.proxy
        fitness = min(spec.fitness_examples, self._data.sizes[Split.FITNESS])
        return self._training(self._recipe(spec)), self._examples(Split.FITNESS, fitness)

    def _training(self, recipe: Recipe) -> Examples:
        """No more of the train split than a fine-tune by this recipe sees."""
        seen = max(recipe.steps, 1) * recipe.batch_size
        return self._examples(Split.TRAIN, min(seen, self._data.sizes[Split.TRAIN]))

    def _probe(self) -> dict[str, float]:
        """A number for each layer gene, by the algorithm's own way to look at the whole backbone."""
        spec = self._job.spec
        train, fitness = self._proxy_splits()
        if isinstance(spec.algorithm, DasSpec):
            train = self._training(replace(self._recipe(spec.proxy), steps=spec.algorithm.steps))
        found = probe(spec, self._space, self._network, train=train, held_out=fitness)
        return {gene_key(gene): value for gene, value in enumerate(found)}

    def _final(self, genome: Genome, architecture: Architecture) -> dict[str, float]:
        student = self._student(architecture)
        total = self._job.spec.final.steps

        def progress(step: int, loss: float) -> None:
            if step % PROGRESS_EVERY == 0 or step == total:
                log.info("final fine-tune of %s: step %d of %d, loss %.4f", slug(genome), step, total, loss)

        recipe = self._recipe(self._job.spec.final)
        finetune(student, self._training(recipe), recipe, progress=progress)
        file = self._job.weights_file(genome)
        file.parent.mkdir(parents=True, exist_ok=True)
        staged = file.with_suffix(".part")
        save_file({key: value.cpu() for key, value in student.state_dict().items()}, staged)
        staged.rename(file)
        return evaluate(student, self._examples(Split.VALIDATION)) | self._costs(architecture)

    def _test(self, genome: Genome, architecture: Architecture) -> dict[str, float]:
        student = self._student(architecture)
        student.load_state_dict(load_file(self._job.weights_file(genome)))
        measured = self._on_test(student, architecture)
        export_slim(
            self._job.model_folder(genome),
            student,
            network=self._network,
            task=self._job.spec.task,
            pixels=self._pixels,
            foreground=self._job.spec.space.foreground,
            provenance=self._provenance() | {"genome": list(genome), "test": dict(measured)},
        )
        return measured

    def _plain(self) -> dict[str, float]:
        architecture = Architecture.full(self._job.entry.config.sub_layers)
        return self._on_test(self._student(architecture), architecture)

    def _on_test(self, student: Student, architecture: Architecture) -> dict[str, float]:
        measured = evaluate(student, self._examples(Split.TEST)) | self._costs(architecture)
        skipped = {"skipped_examples": float(self._data.skipped)} if self._data.skipped else {}
        return measured | skipped | self._recalls(student) | self._speed(student, architecture)

    def _recalls(self, student: Student) -> dict[str, float]:
        """Recalls on the full score matrix of a gallery of the test split; nothing for another task than retrieval."""
        if self._job.spec.task is not TaskName.RETRIEVAL:
            return {}
        if self._gallery is None:
            found = open_gallery(self._data, Split.TEST, self._job.spec.final.gallery)
            self._gallery = read_gallery(student.backbone, found, self._prefix, device=self._device)
        matrix = score_matrix(student, self._gallery.texts, self._gallery.images, rows=PAIRS)
        if not matrix.isfinite().all():
            raise DivergedError("a score of an image and a text is NaN or infinite")
        return retrieval_metrics(matrix, self._gallery.image_of_text)

    def _speed(self, student: Student, architecture: Architecture) -> dict[str, float]:
        """Latency of one example, and the memory its forward call needs.

        The embedding of the inputs is included, and so is the foreground provider, at the median (p90) of its times for
        one image; its memory is not. Of cached boxes nobody here sees how long they took to find: what their file says
        of it counts, and where that is silent `foreground_ms` is left out, and no time of theirs is in the latency.
        """
        single = self._data.examples(Split.TEST, 1).to(self._device)

        @torch.inference_mode()
        def call() -> None:
            student(read_batch(student.backbone, single).all())

        latency = measure_latency(call, self._device)
        memory = measure_peak_memory(call, self._device)
        measured = {"latency_ms": latency.median_ms, "latency_p90_ms": latency.p90_ms}
        look = self._look if looks_for_foreground(architecture) else None
        if look is not None and (looking := look.latency) is not None:
            images = single.pixel_values.shape[1]
            measured["foreground_ms"] = looking.median_ms
            measured["latency_ms"] += images * looking.median_ms
            measured["latency_p90_ms"] += images * looking.p90_ms
        return measured | {"peak_memory_mb": memory / 2**20}

    def _student(self, architecture: Architecture) -> Student:
        """Adapters are drawn from the search's seed alone: what two candidates share starts equal."""
        generator = torch.Generator().manual_seed(self._job.spec.seed)
        return Student(self._network, architecture, self._job.spec.task, generator=generator)

    def _recipe(self, spec: ProxySpec | FinalSpec) -> Recipe:
        return training(spec, self._job.spec.task, self._job.spec.seed)

    def _examples(self, split: Split, count: int | None = None) -> Examples:
        count = self._data.sizes[split] if count is None else count
        if (split, count) not in self._splits:
            self._splits[split, count] = Examples.of(
                self._network.backbone,
                self._data,
                split,
                count,
                longest=self._pixels.longest,
                prefix=self._prefix,
                device=self._device,
            )
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


def best_device() -> torch.device:
    """The GPU that this worker was given, else the CPU."""
    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
