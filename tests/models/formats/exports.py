"""Models as a search leaves them, with random weights: the modules do something, as if they had been trained."""

from collections.abc import Collection, Sequence
from pathlib import Path

import torch
from torch import nn

from models.architecture import Architecture, Choice, ModuleSpec, PatchKeep
from models.meter_config import MeterConfig
from models.pixels import PixelReading, pixel_reading
from models.slim import export_slim
from models.student import Student
from models.vilt_config import ViltConfig
from models.workload import TaskName
from tests.networks import TINY, random_network


def exported(
    folder: Path,
    config: ViltConfig | MeterConfig = TINY,
    *,
    modules: Sequence[str] = (),
    dropped: Collection[int] = (),
    patches: PatchKeep | None = None,
    task: TaskName = TaskName.VQA,
    foreground: str = "none",
    pixels: PixelReading | None = None,
    provenance: dict[str, object] | None = None,
) -> Path:
    """A slim model in `folder`, its modules in turn beside the sub-layers that are not at the places `dropped`."""
    network, specs = random_network(config), [ModuleSpec.parse(text) for text in modules]
    choices = tuple(
        Choice(keep=False) if place in dropped else Choice(module=specs[place % len(specs)] if specs else None)
        for place in range(len(config.sub_layers))
    )
    student = Student(network, Architecture(choices, patches), task, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    for parameter in student.carried.parameters():
        nn.init.normal_(parameter, std=0.2, generator=generator)
    export_slim(
        folder,
        student,
        network=network,
        task=task,
        pixels=pixels or pixel_reading("shapes", config),
        provenance=provenance or {},
        foreground=foreground,
    )
    return folder
