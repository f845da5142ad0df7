"""MULTIFLOW's score of sub-layers: what its Linears see, and what is compared with what."""

import statistics

import pytest
import torch
from torch.nn import functional as F

from models.architecture import Architecture, Stack, SubLayerKind
from models.inputs import read_batch
from models.layers.vilt_layers import FeedForward, SelfAttention
from models.layers.vilt_stream import Stream
from models.scores.contract import ScoringInputs
from models.scores.flow import MeanSquareInputs, flow_scores
from models.scores.multiflow import MODALITIES, Modality, linears, multiflow, standardised


@torch.no_grad()
def test_a_fused_linear_counts_once(vilt: ScoringInputs) -> None:
    backbone = vilt.network.backbone
    attention, ffn = backbone.sub_layer(0), backbone.sub_layer(1)
    assert isinstance(attention, SelfAttention)
    assert isinstance(ffn, FeedForward)
    assert [each.linear for each in linears(backbone, 0)] == [attention.qkv, attention.out]
    assert [each.linear for each in linears(backbone, 1)] == [ffn.up, ffn.down]


@torch.no_grad()
def test_the_inputs_of_a_linear_by_hand(vilt: ScoringInputs) -> None:
    backbone, rows = vilt.network.backbone, read_batch(vilt.network.backbone, vilt.calibration).all()
    joined = Stream.of(rows.texts, rows.images)
    ffn = backbone.sub_layer(1)
    assert isinstance(ffn, FeedForward)
    update, _ = backbone.sub_layer(0)(joined.tokens, joined.mask)
    expected = MeanSquareInputs()
    expected.add(F.gelu(ffn.up(ffn.norm(joined.tokens + update))), joined.valid)
    down = linears(backbone, 1)[1]
    with down.watching(rows):
        backbone(rows.texts, rows.images, Architecture.full(vilt.network.config.sub_layers))
    torch.testing.assert_close(down.inputs.value, expected.value)
    assert down.score == pytest.approx(float(flow_scores(ffn.down.weight, expected.value).mean()), rel=1e-5)


def test_keys_and_values_of_cross_attention_come_from_the_other_stream(meter: ScoringInputs) -> None:
    backbone, sub_layers = meter.network.backbone, meter.network.config.sub_layers
    crossing = [place for place, each in enumerate(sub_layers) if each.kind is SubLayerKind.CROSS_ATTENTION]
    others = {Stack.TEXT: Stack.IMAGE, Stack.IMAGE: Stack.TEXT}
    assert {sub_layers[place].stack for place in crossing} == set(others)
    for place in crossing:
        own = sub_layers[place].stack
        by_name = {id(weight): name for name, (weight, _) in backbone.linears(place).items()}
        reads = {by_name[id(each.linear.weight)]: each.reads for each in linears(backbone, place)}
        assert reads == {"query": own, "key": others[own], "value": others[own], "out": own}


def test_each_modality_is_compared_within_itself(meter: ScoringInputs) -> None:
    found = list(zip(multiflow(meter), meter.network.config.sub_layers, strict=True))
    for modality in Modality:
        members = [score for score, sub_layer in found if MODALITIES[sub_layer.stack] is modality]
        assert statistics.fmean(members) == pytest.approx(0, abs=1e-9)
        assert statistics.pstdev(members) == pytest.approx(1)


def test_larger_weights_and_larger_inputs_score_higher(vilt: ScoringInputs) -> None:
    before = multiflow(vilt)
    ffn = vilt.network.backbone.sub_layer(3)
    assert isinstance(ffn, FeedForward)
    ffn.up.weight.mul_(3)
    assert multiflow(vilt)[3] > before[3]


def test_what_is_all_the_same_is_in_the_middle() -> None:
    assert standardised([2.0, 2.0, 1.0, 3.0], ["a", "a", "b", "b"]) == [0.0, 0.0, -1.0, 1.0]
