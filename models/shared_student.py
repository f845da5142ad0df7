"""Every candidate at once: one set of weights that all architectures of a space share while it is trained."""

import copy
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from models.architecture import Architecture, Choice
from models.backbone import Features
from models.heads import TASKS, exact_logits
from models.inputs import Inputs
from models.layers.fusion_parameters import fusion_parameters
from models.modules.base import TrainableModule
from models.modules.build import ModuleLibrary, build_library
from models.network import Network
from models.workload import TaskName


class SharedStudent(nn.Module):
    """A module for each choice that a place may get; an architecture picks (DAS, section 3, for any choices).

    Pooler and head are copies of the network's own, and shared as well.
    """

    leading: ClassVar[int] = 0  # dimensions of each parameter that count members, as a pack has one

    def __init__(
        self,
        network: Network,
        task: TaskName,
        *,
        choices: Sequence[Collection[Choice]],
        classifier_token: bool,
        generator: torch.Generator,
    ) -> None:
        """`choices` are those of each place; of equal ones one counts, and those without a module hold nothing."""
        super().__init__()
        self.task = TASKS[task]
        self.network = network
        self.choices = tuple(tuple(dict.fromkeys(each)) for each in choices)
        self.library = build_library(
            network.backbone,
            choices,
            generator=generator,
            classifier_token=network.classifier_token,
            has_token=classifier_token,
        )
        self.pooler = copy.deepcopy(network.backbone.pooler).requires_grad_(True)
        self.head = copy.deepcopy(network.head(task, generator=generator)).requires_grad_(True)
        self.to(next(network.backbone.parameters()).device)

    def at(self, place: int, choice: Choice) -> TrainableModule | None:
        """The module of a choice at `place`, or None."""
        return self.library.at(place, choice)

    def modules_of(self, architecture: Architecture) -> "Picked":
        """The modules that an architecture runs with."""
        return Picked(architecture, self.library)

    def pooled(self, inputs: Inputs, architecture: Architecture) -> Tensor:
        """Pooled features (B, passes, P) of B examples as `architecture` sees them."""
        modules = self.modules_of(architecture)
        features: Features = self.network.backbone(inputs.texts, inputs.images, architecture, modules, self.pooler)
        pooled: Tensor = features.pooled.unflatten(0, (-1, inputs.passes))
        return pooled

    def forward(self, inputs: Inputs, architecture: Architecture) -> Tensor:
        """Logits (B, classes) of B examples as `architecture` sees them."""
        return exact_logits(self.task, self.head, self.pooled(inputs, architecture))

    def head_parameters(self) -> Iterator[nn.Parameter]:
        """Those with a rate of their own for heads."""
        return self.head.parameters()

    def fusion_parameters(self) -> Iterator[nn.Parameter]:
        """Those with METER's rate for its fusion encoder."""
        carried = ((p, choice, self.at(p, choice)) for p, each in enumerate(self.choices) for choice in each)
        return fusion_parameters(self.network.config, carried, self.pooler)


@dataclass(frozen=True, slots=True)
class Picked:
    """The modules of one architecture among those of all."""

    architecture: Architecture
    library: ModuleLibrary

    @property
    def classifier_token(self) -> Tensor | None:
        """(D,), in place of the projected text's first token; None where there is none."""
        return self.library.classifier_token

    def at(self, place: int) -> TrainableModule | None:
        """The module of the sub-layer at `place`, or None."""
        return self.library.at(place, self.architecture.choices[place])
