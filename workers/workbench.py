"""`Workbench`: what one worker holds open for a search, and what every stage makes from it."""

import torch

from models.architecture import Architecture
from models.batch import Split
from models.cost import cost_model
from models.inputs import Prefix
from models.shared_student import SharedStudent
from models.student import Student
from search.build import build_space, workload
from search.contracts import Fidelity
from search.fidelity_spec import RUNGS
from search.spec import FinalSpec, ProxySpec
from workers.examples import Examples
from workers.opening import open_search
from workers.optimiser import Recipe, training
from workers.scoring_job import ScoringJob

KEPT_BYTES = 4 * 2**30  # of splits that stay held when a worker comes to another stage
ON_PROXY_SPLITS = (Fidelity.PROBE, Fidelity.SCREEN, *RUNGS)  # these look at what the proxy looks at


class Workbench:
    """The network, the data and the search space of a job on one device; splits are read once and kept."""

    def __init__(self, job: ScoringJob, *, device: torch.device) -> None:
        """Open everything.

        Raises:
            ValueError: a part of it is missing, damaged, or does not go with another.
        """
        self.job = job
        self.device = device
        self.space = build_space(job.spec, job.entry, job.folders)
        frozen = self.space.frozen_blocks
        self.prefix = Prefix(text=frozen.text, image=frozen.image)
        self._cost = cost_model(job.entry.config, workload(job.spec, job.entry, job.folders))
        opened = open_search(job.spec, job.entry, job.folders, splits=job.splits_file, device=device)
        self.network, self.data, self.look, self.pixels = opened.network, opened.data, opened.look, opened.pixels
        self._splits: dict[tuple[Split, int], Examples] = {}
        self._stage = Fidelity.PROXY

    def enter(self, stage: Fidelity) -> None:
        """Let go of the splits of the stage before, if they are large: few of them are used again."""
        stage = Fidelity.PROXY if stage in ON_PROXY_SPLITS else stage
        if stage is not self._stage and sum(each.nbytes for each in self._splits.values()) > KEPT_BYTES:
            self._splits.clear()
        self._stage = stage

    def student(self, architecture: Architecture, *, start: SharedStudent | None = None) -> Student:
        """A candidate that begins as copies of `start`, where given.

        Without it adapters are drawn from the search's seed alone: what two candidates share starts equal.
        """
        generator = torch.Generator().manual_seed(self.job.spec.seed)
        return Student(self.network, architecture, self.job.spec.task, generator=generator, start=start)

    def recipe(self, spec: ProxySpec | FinalSpec) -> Recipe:
        """How a stage trains."""
        return training(spec, self.job.spec.task, self.job.spec.seed)

    def training(self, recipe: Recipe) -> Examples:
        """No more of the train split than a fine-tune by this recipe sees."""
        seen = max(recipe.steps, 1) * recipe.batch_size
        return self.examples(Split.TRAIN, min(seen, self.data.sizes[Split.TRAIN]))

    def fitness(self, most: int | None = None) -> Examples:
        """What proxies are scored on, `most` of it at most: a split that is smaller than the spec asks, whole."""
        wanted = self.job.spec.proxy.fitness_examples if most is None else most
        return self.examples(Split.FITNESS, min(wanted, self.data.sizes[Split.FITNESS]))

    def examples(self, split: Split, count: int | None = None) -> Examples:
        """The first `count` examples of a split; None: all."""
        count = self.data.sizes[split] if count is None else count
        if (split, count) not in self._splits:
            self._splits[split, count] = Examples.of(
                self.network.backbone,
                self.data,
                split,
                count,
                longest=self.pixels.longest,
                prefix=self.prefix,
                device=self.device,
            )
        return self._splits[split, count]

    def costs(self, architecture: Architecture) -> dict[str, float]:
        """What needs no clock: MACs of an example, and parameters."""
        parameters = self._cost.parameters(architecture)
        return {
            "macs": float(self._cost.macs(architecture)),
            "parameters": float(parameters.total),
            "trainable_parameters": float(parameters.trainable),
        }
