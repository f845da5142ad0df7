"""Task heads on the pooled features, with the loss and the score of each task (ViLT, METER)."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Protocol, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from models.backbone_config import BackboneConfig
from models.plugins.installed import resolved
from models.plugins.task import TaskPlugin, task_plugins
from models.precision import in_float32, rounds
from models.workload import TaskName

Head = TypeVar("Head", bound=nn.Module)
INIT_STD = 0.02  # of new linears


class Classifier(nn.Module):
    """Linear, LayerNorm, GELU, linear."""

    def __init__(self, features: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.up = nn.Linear(features, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.out = nn.Linear(hidden, classes)

    def forward(self, features: Tensor) -> Tensor:
        """(B, features) to (B, classes) logits."""
        logits: Tensor = self.out(F.gelu(self.norm(self.up(features))))
        return logits


class Rules(Protocol):
    """How a task trains and judges."""

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The training loss, a scalar; targets as in `Batch`."""

    def scores(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The score of each example (B,), 0 to 1; their mean is the accuracy."""


class Task(Rules, Protocol):
    """What a task does with pooled features, one row per pass of the network."""

    def head(self, config: BackboneConfig, answers: int) -> nn.Module:
        """A freshly initialised head."""

    def logits(self, head: nn.Module, pooled: Tensor) -> Tensor:
        """`pooled` (B, passes, P) to logits (B, classes)."""


def exact_logits(task: Task, head: nn.Module, pooled: Tensor) -> Tensor:
    """What `task.logits` gives, in float32: a head costs little, and rounded scores would tie with each other."""
    if not rounds(pooled.device):
        return task.logits(head, pooled)
    with in_float32(pooled.device):
        return task.logits(head, pooled.float())


class Vqa:
    """Soft-score classification over the answers."""

    def head(self, config: BackboneConfig, answers: int) -> nn.Module:
        """P, 2 D, answers."""
        return Classifier(config.pooled_size, 2 * config.hidden_size, answers)

    def logits(self, head: nn.Module, pooled: Tensor) -> Tensor:
        """One pass an example."""
        logits: Tensor = head(pooled[:, 0])
        return logits

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Binary cross-entropy, mean times the number of answers."""
        return F.binary_cross_entropy_with_logits(logits, targets) * targets.shape[1]

    def scores(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The soft score of the answer given."""
        return targets.gather(1, logits.argmax(1, keepdim=True)).squeeze(1)


class Nlvr2:
    """True or false over two images: their pooled features side by side."""

    def head(self, config: BackboneConfig, answers: int) -> nn.Module:
        """2 P, 2 D, 2; `answers` is not used."""
        del answers
        return Classifier(2 * config.pooled_size, 2 * config.hidden_size, 2)

    def logits(self, head: nn.Module, pooled: Tensor) -> Tensor:
        """Two passes an example, one for each image."""
        logits: Tensor = head(pooled.flatten(1))
        return logits

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy."""
        return F.cross_entropy(logits, targets)

    def scores(self, logits: Tensor, targets: Tensor) -> Tensor:
        """1 where the class is right."""
        return (logits.argmax(1) == targets).float()


class Retrieval:
    """Rank the texts of an image: one pass for each (image, text) pair."""

    def head(self, config: BackboneConfig, answers: int) -> nn.Module:
        """P, 1; `answers` is not used."""
        del answers
        return nn.Linear(config.pooled_size, 1)

    def logits(self, head: nn.Module, pooled: Tensor) -> Tensor:
        """(B, T, P) to (B, T)."""
        logits: Tensor = head(pooled).squeeze(-1)
        return logits

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of the true text among the false ones."""
        return F.cross_entropy(logits, targets)

    def scores(self, logits: Tensor, targets: Tensor) -> Tensor:
        """1 where the true text comes first (recall at 1 among the texts given)."""
        return (logits.argmax(1) == targets).float()


class Plugged:
    """A task of another package: a classifier over its classes; how it trains and judges is the package's own."""

    def __init__(self, plugin: TaskPlugin, rules: Rules) -> None:
        self._plugin = plugin
        self.loss = rules.loss
        self.scores = rules.scores

    def head(self, config: BackboneConfig, answers: int) -> nn.Module:
        """P times the images, 2 D, the classes; `answers` is not used."""
        del answers
        return Classifier(self._plugin.images * config.pooled_size, 2 * config.hidden_size, len(self._plugin.classes))

    def logits(self, head: nn.Module, pooled: Tensor) -> Tensor:
        """A pass for each image of an example."""
        logits: Tensor = head(pooled.flatten(1))
        return logits


BUILT_IN: Mapping[TaskName, Task] = {TaskName.VQA: Vqa(), TaskName.NLVR2: Nlvr2(), TaskName.RETRIEVAL: Retrieval()}


@lru_cache
def _plugged(name: TaskName) -> Task:
    plugin = task_plugins().usable[name]
    return Plugged(plugin, cast(Rules, resolved(plugin.rules)))


class _Tasks(Mapping[TaskName, Task]):
    """Every task; what a plugin names is imported when it is asked for."""

    def __getitem__(self, name: TaskName) -> Task:
        return BUILT_IN[name] if name in BUILT_IN else _plugged(name)

    def __iter__(self) -> Iterator[TaskName]:
        return iter(TaskName)

    def __len__(self) -> int:
        return len(TaskName)


TASKS: Mapping[TaskName, Task] = _Tasks()


def drawn(empty: Callable[[], Head], *, generator: torch.Generator) -> Head:
    """A head as ViLT and METER initialise theirs: normal linears, zero biases, norms that change nothing."""
    with torch.device("meta"):  # so that the global generator is not drawn from
        head = empty()
    head.to_empty(device="cpu").eval().requires_grad_(False)
    for module in head.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=INIT_STD, generator=generator)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            module.reset_parameters()
    return head


def rank_head_from_itm(itm: nn.Linear) -> nn.Linear:
    """The rank head a retrieval fine-tune starts from: the matching row (1) of the image-text-matching head."""
    rank = skip_init(nn.Linear, itm.in_features, 1)
    assert isinstance(rank, nn.Linear)  # noqa: S101 - for the type alone
    with torch.no_grad():
        rank.weight.copy_(itm.weight[1:])
        rank.bias.copy_(itm.bias[1:])
    return rank
