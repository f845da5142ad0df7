"""Every candidate at once: one set of weights that all architectures of a space share while it is trained."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from models.architecture import Architecture, Choice
from models.backbone import Features
from models.heads import TASKS
from models.inputs import Inputs
from models.layers.fusion_parameters import fusion_parameters
from models.modules.base import TrainableModule
from models.modules.build import Modules, build_modules
from models.network import Network
from models.workload import TaskName


class SharedStudent(nn.Module):
    """A module for each sub-layer that stays and another for each that goes; an architecture picks (DAS, section 3).

    Pooler and head are copies of the network's own, and shared as well.
    """

    def __init__(
        self,
        network: Network,
        kept: Architecture,
        dropped: Architecture,
        task: TaskName,
        *,
        generator: torch.Generator,
    ) -> None:
        """`kept` says what stands beside each sub-layer that stays, `dropped` what stands in each one's place."""
        super().__init__()
        self.task = TASKS[task]
        self.network = network
        self._kept = kept
        self.beside = build_modules(
            network.backbone, kept, generator=generator, classifier_token=network.classifier_token
        )
        self.instead = build_modules(network.backbone, _in_place(dropped), generator=generator)
        self.pooler = copy.deepcopy(network.backbone.pooler).requires_grad_(True)
        self.head = copy.deepcopy(network.head(task, generator=generator)).requires_grad_(True)
        self.to(next(network.backbone.parameters()).device)

    def pooled(self, inputs: Inputs, architecture: Architecture) -> Tensor:
        """Pooled features (B, passes, P) of B examples as `architecture` sees them."""
        picked = _Picked(architecture, self.beside, self.instead)
        features: Features = self.network.backbone(inputs.texts, inputs.images, architecture, picked, self.pooler)
        pooled: Tensor = features.pooled.unflatten(0, (-1, inputs.passes))
        return pooled

    def forward(self, inputs: Inputs, architecture: Architecture) -> Tensor:
        """Logits (B, classes) of B examples as `architecture` sees them."""
        return self.task.logits(self.head, self.pooled(inputs, architecture))

    def fusion_parameters(self) -> Iterator[nn.Parameter]:
        """Those with METER's rate for its fusion encoder."""
        return fusion_parameters(self.network.config, self._kept, self.beside, self.pooler)


def _in_place(dropped: Architecture) -> Architecture:
    """What of `dropped` stands in a sub-layer's place; the rest, the classifier token too, is `kept`'s."""
    choices = tuple(Choice() if choice.keep else choice for choice in dropped.choices)
    return replace(dropped, choices=choices, classifier_token=False)


@dataclass(frozen=True, slots=True)
class _Picked:
    """The modules of one architecture among those of all."""

    architecture: Architecture
    beside: Modules
    instead: Modules

    @property
    def classifier_token(self) -> Tensor | None:
        return self.beside.classifier_token

    def at(self, place: int) -> TrainableModule | None:
        return (self.beside if self.architecture.choices[place].keep else self.instead).at(place)
