"""A candidate as a network: a shared frozen backbone with its own modules, pooler and head."""

import copy
from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from models.architecture import Architecture
from models.backbone import Backbone, Features
from models.heads import TASKS, exact_logits
from models.inputs import Inputs
from models.layers.fusion_parameters import fusion_parameters
from models.modules.build import build_modules
from models.network import Network
from models.shared_student import SharedStudent
from models.workload import TaskName


class Student(nn.Module):
    """What a fine-tune changes; the backbone is only pointed at, never changed and never among the parameters.

    The pooler and the head start as copies of the network's own, the modules near zero effect. A head that the network
    does not have is drawn from `generator` after one number for the modules: equal generators give equal heads. With
    `start` all of them begin as copies of what all candidates shared.
    """

    leading: ClassVar[int] = 0  # dimensions of each parameter that count members, as a pack has one

    def __init__(
        self,
        network: Network,
        architecture: Architecture,
        task: TaskName,
        *,
        generator: torch.Generator,
        start: SharedStudent | None = None,
    ) -> None:
        """Built on the network's device.

        Raises:
            ValueError: `start` has no module for a choice of the architecture, or no classifier token.
        """
        super().__init__()
        self.architecture = architecture
        self.task = TASKS[task]
        self.network = network
        self.carried = build_modules(
            network.backbone, architecture, generator=generator, classifier_token=network.classifier_token
        )
        self.pooler = copy.deepcopy(network.backbone.pooler).requires_grad_(True)
        self.head = copy.deepcopy(network.head(task, generator=generator)).requires_grad_(True)
        if start is not None:
            self._begin_as(start)
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
        return exact_logits(self.task, self.head, self.pooled(inputs))

    def head_parameters(self) -> Iterator[nn.Parameter]:
        """Those with a rate of their own for heads."""
        return self.head.parameters()

    def fusion_parameters(self) -> Iterator[nn.Parameter]:
        """Those with METER's rate for its fusion encoder."""
        carried = ((place, choice, self.carried.at(place)) for place, choice in enumerate(self.architecture.choices))
        return fusion_parameters(self.network.config, carried, self.pooler)

    def _begin_as(self, start: SharedStudent) -> None:
        self.pooler.load_state_dict(start.pooler.state_dict())
        self.head.load_state_dict(start.head.state_dict())
        for place, choice in enumerate(self.architecture.choices):
            if (own := self.carried.at(place)) is None:
                continue
            if (shared := start.at(place, choice)) is None:
                named = self.network.config.sub_layers[place]
                raise ValueError(f"the shared weights have no module '{choice.module}' for {named}")
            own.load_state_dict(shared.state_dict())
        for key, part in self.carried.shared.items():
            part.load_state_dict(start.library.shared[key].state_dict())
        self._begin_token_as(start.library.classifier_token)

    def _begin_token_as(self, shared: Tensor | None) -> None:
        if (own := self.carried.classifier_token) is None:
            return
        if shared is None:
            raise ValueError("the architecture has a classifier token; the shared weights have none")
        with torch.no_grad():
            own.copy_(shared)
