"""MACs and parameters counted on the real network at full size, on the `meta` device, where nothing is computed."""

from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from models.architecture import Architecture
from models.batch import Batch
from models.cost import Parameters
from models.heads import TASKS
from models.inputs import read_batch
from models.meter_config import MeterConfig
from models.network import Network
from models.student import Student
from models.vilt_config import ViltConfig
from models.weights import empty_backbone
from models.workload import Workload


@dataclass(frozen=True, slots=True)
class Counter:
    """A `models.cost.CostModel` that knows no formula: it runs the network under torch's FLOP counter.

    Two FLOPs of the counter are one MAC; attention runs as plain products, so that these are counted.
    """

    config: ViltConfig | MeterConfig
    workload: Workload
    _known: dict[Architecture, int] = field(default_factory=dict, init=False, repr=False)

    def macs(self, architecture: Architecture) -> int:
        """MACs of one example."""
        if architecture not in self._known:
            student = self._student(architecture)
            with sdpa_kernel(SDPBackend.MATH), torch.no_grad(), FlopCounterMode(display=False) as counter:
                student(read_batch(student.backbone, self._example()).all())
            self._known[architecture] = counter.get_total_flops() // 2
        return self._known[architecture]

    def parameters(self, architecture: Architecture) -> Parameters:
        """Those of the slim network, with the student's modules, pooler and head."""
        with torch.device("meta"):
            slim = empty_backbone(self.config, architecture)
        trainable = _size(self._student(architecture))
        return Parameters(_size(slim) - _size(slim.pooler) + trainable, trainable)

    def _student(self, architecture: Architecture) -> Student:
        task = self.workload.task
        with torch.device("meta"):
            backbone = empty_backbone(self.config).eval().requires_grad_(False)
            head = TASKS[task].head(self.config, self.workload.answers)
        network = Network(backbone, nn.ModuleDict({str(task): head}))
        return Student(network, architecture, task, generator=torch.Generator().manual_seed(0))

    def _example(self) -> Batch:
        """One example of the workload's shape, without padding."""
        shape, images = self.workload, self.workload.passes
        with torch.device("meta"):
            ids = torch.ones(1, 1, shape.text_tokens, dtype=torch.int64)
            pixels = torch.zeros(1, images, 3, shape.image_height, shape.image_width)
            return Batch(ids, ids, pixels, None, torch.zeros(1))


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
