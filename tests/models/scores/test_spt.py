"""SPT's sensitivity against gradients taken the plain way."""

import copy

import pytest
from torch import nn

from models.architecture import Architecture
from models.heads import TASKS
from models.inputs import read_batch
from models.scores.contract import ScoringInputs
from models.scores.spt import sensitivity


def test_the_squares_of_gradients_example_by_example(scoring: ScoringInputs) -> None:
    network, task = scoring.network, TASKS[scoring.task]
    copied = copy.deepcopy(network.backbone)
    places = range(len(network.config.sub_layers))
    weights = [
        [part.weight.requires_grad_() for part in copied.sub_layer(place).modules() if isinstance(part, nn.Linear)]
        for place in places
    ]
    expected = [0.0 for _ in places]
    for example in range(len(scoring.calibration)):
        batch = scoring.calibration.rows(slice(example, example + 1))
        rows = read_batch(copied, batch).all()
        pooled = copied(rows.texts, rows.images, Architecture.full(network.config.sub_layers)).pooled.unsqueeze(1)
        copied.zero_grad()
        task.loss(task.logits(network.head(scoring.task), pooled), batch.targets).backward()
        for place in places:
            expected[place] += sum(
                float((weight.grad**2).sum()) for weight in weights[place] if weight.grad is not None
            )
    assert sensitivity(scoring) == pytest.approx(expected, rel=1e-4)
