"""What holds for every score on every backbone."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.batch import Batch
from models.network import Network
from models.scores.contract import ScoringInputs
from models.scores.examples import NoHeadError
from models.scores.names import Passes, ScoreName
from models.scores.registry import SCORES
from models.vilt import Vilt
from models.workload import TaskName
from tests.models.scores.conftest import EXAMPLES, ROOM, inputs_for

NAMES = pytest.mark.parametrize("name", list(ScoreName))


def test_every_name_has_a_score() -> None:
    assert set(SCORES) == set(ScoreName)


@NAMES
@pytest.mark.parametrize("task", list(TaskName))
def test_one_finite_value_for_each_sub_layer_the_same_each_time(
    name: ScoreName, network: Network, task: TaskName
) -> None:
    scoring = inputs_for(network, task)
    values = SCORES[name](scoring)
    assert len(values) == len(network.config.sub_layers)
    assert all(map(math.isfinite, values))
    assert SCORES[name](scoring) == values
    if name is not ScoreName.SKIP:  # so few examples have equal accuracies
        assert len(set(values)) == len(values)


@NAMES
def test_the_network_stays_as_it_was(name: ScoreName, scoring: ScoringInputs) -> None:
    backbone = scoring.network.backbone
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    SCORES[name](scoring)
    torch.testing.assert_close(dict(backbone.state_dict()), before, rtol=0, atol=0)
    assert not any(parameter.requires_grad or parameter.grad is not None for parameter in backbone.parameters())
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in backbone.modules())


@NAMES
def test_padding_does_not_count(name: ScoreName, scoring: ScoringInputs) -> None:
    padded = replace(
        scoring,
        calibration=with_padding(scoring, scoring.calibration),
        held_out=with_padding(scoring, scoring.held_out),
    )
    assert SCORES[name](padded) == pytest.approx(SCORES[name](scoring), rel=1e-3, abs=1e-5)


@NAMES
def test_chunks_change_nothing(name: ScoreName, scoring: ScoringInputs) -> None:
    assert SCORES[name](replace(scoring, chunk=2)) == pytest.approx(SCORES[name](scoring), rel=1e-3, abs=1e-5)


@NAMES
def test_a_score_of_the_task_needs_its_head(name: ScoreName, scoring: ScoringInputs) -> None:
    del scoring.network.heads[TaskName.VQA]
    if name.needs_head:
        with pytest.raises(NoHeadError, match=r"no head for vqa \(it has: itm, nlvr2, retrieval\)"):
            SCORES[name](scoring)
    else:
        assert SCORES[name](scoring)


def test_a_rank_head_comes_from_matching(vilt: ScoringInputs) -> None:
    scoring = inputs_for(vilt.network, TaskName.RETRIEVAL)
    del scoring.network.heads[TaskName.RETRIEVAL]
    assert any(SCORES[ScoreName.SPT](scoring))


@NAMES
def test_the_costs_that_are_stated(name: ScoreName, scoring: ScoringInputs) -> None:
    """Every pass goes through the pooler, forward or backward."""
    forward, backward = list[int](), list[int]()

    def count(_: nn.Module, __: object, pooled: Tensor) -> None:
        forward.append(1)
        if pooled.requires_grad:
            pooled.register_hook(lambda _: backward.append(1))

    handle = scoring.network.backbone.pooler.register_forward_hook(count)
    SCORES[name](replace(scoring, chunk=1))
    handle.remove()
    measured = Passes(len(forward) // EXAMPLES, len(backward) // EXAMPLES)
    assert name.passes(len(scoring.network.config.sub_layers)) == measured


def with_padding(scoring: ScoringInputs, batch: Batch) -> Batch:
    """The same examples, each text padded on; for ViLT also each image, which METER cannot read."""
    pixels, mask = batch.pixel_values, batch.pixel_mask
    if isinstance(scoring.network.backbone, Vilt):
        size = scoring.network.config.patch_size
        mask = F.pad(torch.ones(*pixels.shape[:2], *pixels.shape[-2:], dtype=torch.bool), (0, size, 0, size))
        pixels = F.pad(pixels, (0, size, 0, size))
    return replace(
        batch,
        input_ids=F.pad(batch.input_ids, (0, ROOM), value=scoring.network.config.pad_id),
        attention_mask=F.pad(batch.attention_mask, (0, ROOM)),
        pixel_values=pixels,
        pixel_mask=mask,
    )
