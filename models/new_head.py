"""The head that a fine-tune starts from, where the backbone has none for the task or for the data's answers."""

from dataclasses import replace

import torch
from torch import nn

from models.backbone_config import BackboneConfig
from models.head_answers import HeadAnswers
from models.heads import TASKS, drawn
from models.known_heads import has_start
from models.network import Network
from models.workload import TaskName


def with_head(
    network: Network, task: TaskName, answers: HeadAnswers | None = None, *, generator: torch.Generator
) -> Network:
    """`network` with a head for `task`: its own, retrieval's from the image-text-matching head, else a new one.

    A new one is among the result's `fresh`, so that no training-free score asks it.

    Args:
        network: it is not changed.
        task: what the head is for.
        answers: of a VQA search, which say whether the backbone's own head serves.
        generator: draws a new head.

    Raises:
        ValueError: the backbone's own VQA head should serve and has another number of answers.
    """
    if task is TaskName.VQA and answers is not None:
        network = replace(network, answers=answers.names)
        if answers.own and task in network.heads:
            _check_size(network)
            return network
    elif has_start(set(network.heads), task):
        return network
    head = drawn_head(network.config, task, len(network.answers), generator=generator)
    heads = nn.ModuleDict({**network.heads, str(task): head})
    return replace(network, heads=heads, fresh=network.fresh | {str(task)})


def drawn_head(config: BackboneConfig, task: TaskName, answers: int, *, generator: torch.Generator) -> nn.Module:
    """A new head for a task."""
    return drawn(lambda: TASKS[task].head(config, answers), generator=generator)


def _check_size(network: Network) -> None:
    """The config's answers and the head's weights come from two files."""
    found = len(list(network.heads[TaskName.VQA].parameters())[-1])
    if found != len(network.answers):
        raise ValueError(
            f"config.json names {len(network.answers)} answers and the VQA head has {found}: "
            "they belong to different checkpoints"
        )
