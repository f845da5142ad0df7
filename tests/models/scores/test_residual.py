"""The residual ratio by hand."""

import pytest
import torch
from torch import nn

from models.inputs import read_batch
from models.layers.vilt_stream import Stream
from models.scores.contract import ScoringInputs
from models.scores.residual import residual_ratio
from models.scores.validity import valid_tokens


@torch.no_grad()
def test_the_first_sub_layer_by_hand(vilt: ScoringInputs) -> None:
    backbone, rows = vilt.network.backbone, read_batch(vilt.network.backbone, vilt.calibration).all()
    joined = Stream.of(rows.texts, rows.images)
    update, _ = backbone.sub_layer(0)(joined.tokens, joined.mask)
    ratios = update.norm(dim=-1) / joined.tokens.norm(dim=-1)
    valid = valid_tokens(rows.texts, rows.images, vilt.network.config.sub_layers[0].stack)
    assert not valid.all()
    assert residual_ratio(vilt)[0] == pytest.approx(float(ratios[valid].mean()), rel=1e-5)


def test_what_adds_nothing_has_no_ratio(scoring: ScoringInputs) -> None:
    backbone, before = scoring.network.backbone, residual_ratio(scoring)
    places = range(0, len(before), 2)
    for place in places:
        last = [part for part in backbone.sub_layer(place).modules() if isinstance(part, nn.Linear)][-1]
        for parameter in last.parameters():
            parameter.zero_()
    after = residual_ratio(scoring)
    assert [place for place, ratio in enumerate(after) if ratio == 0.0] == list(places)
    assert min(before) > 0
