"""Zero-shot skip: what is lost when a sub-layer is taken out and nothing is trained."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import torch

from models.architecture import Architecture, Choice, Stack, SubLayer
from models.batch import Batch
from models.heads import TASKS
from models.inputs import Inputs, Prefix
from models.scores.contract import ScoringInputs
from models.scores.examples import chunks, logits, read


@torch.no_grad()
def zero_shot_skip(scoring: ScoringInputs) -> list[float]:
    """The accuracy on the held-out examples less the accuracy without the sub-layer, both of the pre-trained head."""
    sub_layers = scoring.network.config.sub_layers
    correct = torch.zeros(1 + len(sub_layers), dtype=torch.float64)
    for batch in chunks(scoring.network, scoring.held_out, scoring.chunk):
        correct += torch.tensor(_correct(scoring, batch, sub_layers), dtype=torch.float64)
    everything, *without = (correct / len(scoring.held_out)).tolist()
    return [everything - accuracy for accuracy in without]


def _correct(scoring: ScoringInputs, batch: Batch, sub_layers: Sequence[SubLayer]) -> list[float]:
    """The summed scores of a chunk: with everything kept, then without each sub-layer."""
    task, full = TASKS[scoring.task], Architecture.full(sub_layers)

    @cache
    def rows(prefix: Prefix) -> Inputs:
        return read(scoring.network, batch, prefix)

    def summed(prefix: Prefix, architecture: Architecture) -> float:
        return float(task.scores(logits(scoring, rows(prefix), architecture), batch.targets).sum())

    dropped = [summed(unaffected(sub_layer), without(full, place)) for place, sub_layer in enumerate(sub_layers)]
    return [summed(Prefix(), full), *dropped]


def without(architecture: Architecture, place: int) -> Architecture:
    """The architecture with nothing at `place`."""
    choices = architecture.choices
    return replace(architecture, choices=(*choices[:place], Choice(keep=False), *choices[place + 1 :]))


def unaffected(sub_layer: SubLayer) -> Prefix:
    """The encoder blocks before `sub_layer`: they give the same with it and without it, so they need not run twice."""
    return Prefix(
        text=sub_layer.block if sub_layer.stack is Stack.LANGUAGE else None,
        image=sub_layer.block if sub_layer.stack is Stack.VISION else None,
    )
