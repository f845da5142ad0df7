"""Examples as scores take them: in chunks on the network's device, and through the network to the logits."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from models.architecture import Architecture
from models.backbone import ModuleSet
from models.batch import Batch
from models.heads import TASKS, exact_logits
from models.inputs import Inputs, Prefix, read_batch
from models.known_heads import has_start
from models.network import Network
from models.scores.contract import ScoringInputs
from models.workload import TaskName


class NoHeadError(ValueError):
    """The checkpoint has no head for the task, and a new one would make a score of noise."""


def trained_head(network: Network, task: TaskName) -> nn.Module:
    """The head that the checkpoint has for `task`, on the network's device.

    Raises:
        NoHeadError: it has none, or the one it has was drawn at random.
    """
    if task in network.fresh:
        raise NoHeadError(f"the head for {task} is new, as no own one fits the data; take a score that needs none")
    if not has_start(set(network.heads), task):
        held = ", ".join(sorted(network.heads)) or "none"
        raise NoHeadError(f"the checkpoint has no head for {task} (it has: {held}); take a score that needs none")
    return network.head(task).to(device(network))


def device(network: Network) -> torch.device:
    """Where the network lies."""
    return next(network.backbone.parameters()).device


def chunks(network: Network, batch: Batch, size: int) -> Iterator[Batch]:
    """The examples of `batch`, `size` at a time, on the network's device."""
    for start in range(0, len(batch), size):
        yield batch.rows(slice(start, start + size)).to(device(network))


@torch.no_grad()
def read(network: Network, batch: Batch, prefix: Prefix) -> Inputs:
    """A chunk as paired rows; the blocks of the encoders in `prefix` have run."""
    return read_batch(network.backbone, batch, prefix).all()


def logits(
    scoring: ScoringInputs,
    rows: Inputs,
    architecture: Architecture,
    *,
    modules: ModuleSet | None = None,
    weights: Mapping[str, Tensor] | None = None,
) -> Tensor:
    """(B, classes) of the pre-trained head; `weights` stand in for the backbone's own parameters of those names."""
    network, task = scoring.network, TASKS[scoring.task]
    arguments = (rows.texts, rows.images, architecture, modules)
    pooled: Tensor = functional_call(network.backbone, dict(weights or {}), arguments).pooled
    return exact_logits(task, trained_head(network, scoring.task), pooled.unflatten(0, (-1, rows.passes)))
