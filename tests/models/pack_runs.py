"""Random candidates of the tiny networks that carry any kind of module, and examples of the embedded world."""

import random
from collections.abc import Mapping, Sequence

import torch

from models.architecture import Architecture, Choice, ModuleSpec, PatchKeep
from models.batch import Split
from models.costs.module_costs import KINDS
from models.inputs import Inputs, read_batch
from models.meter_config import MeterConfig
from models.network import Network
from models.shapes.dataset import ShapesData
from models.student import Student
from models.vilt_config import ViltConfig
from models.workload import TaskName

OPTIONS: Mapping[str, str] = {"routing-lora": ":mul", "routing-adapter": ":outer", "vl-pet": ":full"}
BESIDE = tuple(ModuleSpec.parse(f"{kind}:4{OPTIONS.get(kind, '')}") for kind in sorted(KINDS))
INSTEAD = tuple(spec for spec in BESIDE if KINDS[spec.kind].in_place)


def random_architecture(
    config: ViltConfig | MeterConfig,
    rng: random.Random,
    *,
    beside: Sequence[ModuleSpec | None] = (*BESIDE, None),
    instead: Sequence[ModuleSpec | None] = (*INSTEAD, None),
    patches: PatchKeep | None = None,
    classifier_token: bool = False,
) -> Architecture:
    def choice() -> Choice:
        keep = rng.random() < 0.6
        module = rng.choice(beside if keep else instead)
        return Choice(keep, module, bare=not keep and module is not None and rng.random() < 0.5)

    return Architecture(tuple(choice() for _ in config.sub_layers), patches, classifier_token)


def student_of(
    network: Network, architecture: Architecture, *, seed: int = 0, task: TaskName = TaskName.VQA
) -> Student:
    """A candidate as if it had been trained: none of its modules is without effect."""
    generator = torch.Generator().manual_seed(seed)
    student = Student(network, architecture, task, generator=generator)
    with torch.no_grad():
        for parameter in student.carried.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return student


def inputs_of(network: Network, task: TaskName = TaskName.VQA, *, examples: int = 16) -> Inputs:
    batch = ShapesData(task).examples(Split.FITNESS, examples)
    with torch.no_grad():
        return read_batch(network.backbone, batch).all()
