"""A candidate as a network: a shared frozen backbone with its own modules, pooler and head."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from models.architecture import Architecture
from models.backbone import Backbone, Features
from models.heads import TASKS
from models.inputs import Inputs
from models.layers.fusion_parameters import fusion_parameters
from models.modules.build import build_modules
from models.network import Network
from models.workload import TaskName


class Student(nn.Module):
    """What a fine-tune changes; the backbone is only pointed at, never changed and never among the parameters.

    The pooler and the head start as copies of the network's own, the modules near zero effect. A head that the network
    does not have is drawn from `generator` after one number for the modules: equal generators give equal heads.
    """

    def __init__(
        self, network: Network, architecture: Architecture, task: TaskName, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.task = TASKS[task]
        self.network = network
        self.carried = build_modules(
            network.backbone, architecture, generator=generator, classifier_token=network.classifier_token
        )
        self.pooler = copy.deepcopy(network.backbone.pooler).requires_grad_(True)
        self.head = copy.deepcopy(network.head(task, generator=generator)).requires_grad_(True)
        self.to(next(network.backbone.parameters()).device)

    @property
    def backbone(self) -> Backbone:
        """The shared frozen backbone."""
        return self.network.backbone

    def pooled(self, inputs: Inputs) -> Tensor:
        """Pooled features (B, passes, P) of B examples."""
        features: Features = self.backbone(inputs.texts, inputs.images, self.architecture, self.carried, self.pooler)
        pooled: Tensor = features.pooled.unflatten(0, (-1, inputs.passes))
        return pooled

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes) of B examples."""
        return self.task.logits(self.head, self.pooled(inputs))

    def fusion_parameters(self) -> Iterator[nn.Parameter]:
        """Those with METER's rate for its fusion encoder."""
        return fusion_parameters(self.network.config, self.architecture, self.carried, self.pooler)
