"""Logits and losses of the task heads, under the names that reference files give them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from models.heads import TASKS
from models.network import ITM_HEAD, Network
from models.workload import TaskName
from tests.parity.compare import Comparison
from tests.parity.tensors import held_against, named

OUTPUT = re.compile(r"(vqa|nlvr2|irtr|rank|itm)_(logits|scores?|output|loss)$")
TARGET = re.compile(r"(vqa|nlvr2|irtr|rank|itm)_(targets|labels)$")
TOLERANCE = 1e-5
HEADS = {"vqa": "vqa", "nlvr2": "nlvr2", "irtr": "retrieval", "rank": "retrieval", "itm": ITM_HEAD}


@dataclass(frozen=True, slots=True)
class Pooled:
    """The pooled features of one case: (B, passes, P), with the network they came from."""

    network: Network
    features: Tensor

    def logits(self, task: str) -> Tensor:
        """(B, classes); retrieval (B, passes).

        Raises:
            ValueError: the checkpoint has no such head.
        """
        head = HEADS[task]
        if head not in self.network.heads:
            raise ValueError(f"{task} is compared, but the checkpoint has only the heads {sorted(self.network.heads)}")
        if head == ITM_HEAD:
            logits: Tensor = self.network.heads[head](self.features[:, 0])
            return logits
        return TASKS[TaskName(head)].logits(self.network.heads[head], self.features)


def compare_outputs(
    case: str, pooled: Pooled, tensors: Mapping[str, Tensor], config: Mapping[str, Any]
) -> Iterator[Comparison]:
    """Every head's output among `tensors`; a loss takes its targets from there too, or from the config.

    Raises:
        ValueError: a head or targets are missing, or shapes differ.
    """
    for name, reference in tensors.items():
        found = OUTPUT.match(name)
        if found is None:
            continue
        task, logits = found[1], pooled.logits(found[1])
        if found[2] == "loss":
            ours = _loss(task, logits, _targets(task, logits, tensors, config)).reshape(reference.shape)
        else:
            ours = logits.reshape(reference.shape) if logits.numel() == reference.numel() else logits
        yield held_against(f"{case}.{name}", ours, reference, tolerance=TOLERANCE)


def _loss(task: str, logits: Tensor, targets: Tensor) -> Tensor:
    if HEADS[task] == ITM_HEAD:
        return F.cross_entropy(logits, targets)
    return TASKS[TaskName(HEADS[task])].loss(logits, targets)


def _targets(task: str, logits: Tensor, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> Tensor:
    """What the loss is taken against; in retrieval the true text is the first (ViLT, METER)."""
    if HEADS[task] == "retrieval":
        return torch.zeros(len(logits), dtype=torch.long)
    for name in (f"{task}_targets", f"{task}_labels"):
        if name in tensors:
            return tensors[name]
    labels = named(config, f"{task}_labels", source="the config")
    if task != "vqa":
        return torch.tensor(labels)
    targets = torch.zeros_like(logits)
    for row, (chosen, scores) in enumerate(zip(labels, config["vqa_scores"], strict=True)):
        targets[row, chosen] = torch.tensor(scores)
    return targets
