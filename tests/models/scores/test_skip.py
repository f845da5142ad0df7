"""Zero-shot skip: accuracies with and without a sub-layer."""

from dataclasses import replace

import pytest
import torch

from models.architecture import Architecture, Choice, Stack, SubLayer, SubLayerKind
from models.batch import Split
from models.datasets import open_data
from models.heads import TASKS
from models.inputs import Prefix, read_batch
from models.scores.contract import ScoringInputs
from models.scores.skip import unaffected, without, zero_shot_skip
from models.workload import TaskName


@torch.no_grad()
def accuracy(scoring: ScoringInputs, architecture: Architecture) -> float:
    rows = read_batch(scoring.network.backbone, scoring.held_out).all()
    pooled = scoring.network.backbone(rows.texts, rows.images, architecture).pooled.unflatten(0, (-1, rows.passes))
    task = TASKS[scoring.task]
    logits = task.logits(scoring.network.head(scoring.task), pooled)
    return float(task.scores(logits, scoring.held_out.targets).mean())


@pytest.mark.parametrize("task", [TaskName.NLVR2, TaskName.RETRIEVAL])
def test_accuracies_by_hand(scoring: ScoringInputs, task: TaskName) -> None:
    held_out = open_data("shapes-small", task).examples(Split.FITNESS, 24)
    scoring = replace(scoring, task=task, held_out=held_out)
    full = Architecture.full(scoring.network.config.sub_layers)
    dropped = [
        replace(full, choices=tuple(Choice(keep=at != place) for at in range(full.kept))) for place in range(full.kept)
    ]
    expected = [accuracy(scoring, full) - accuracy(scoring, architecture) for architecture in dropped]
    assert zero_shot_skip(scoring) == pytest.approx(expected, abs=1e-6)
    if task is TaskName.RETRIEVAL:  # a random network gives every statement the same truth
        assert any(expected)


def test_one_sub_layer_goes() -> None:
    full = Architecture.full([SubLayer(0, SubLayerKind.FFN)] * 3)
    assert [choice.keep for choice in without(full, 1).choices] == [True, False, True]


def test_only_blocks_before_the_sub_layer_run_ahead() -> None:
    assert unaffected(SubLayer(2, SubLayerKind.FFN, Stack.LANGUAGE)) == Prefix(text=2, image=None)
    assert unaffected(SubLayer(2, SubLayerKind.FFN, Stack.VISION)) == Prefix(text=None, image=2)
    assert unaffected(SubLayer(2, SubLayerKind.FFN, Stack.TEXT)) == Prefix(text=None, image=None)
