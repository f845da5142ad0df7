"""A merged module gives what it gave beside the frozen linear, at the merged cost."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from models.architecture import ModuleSpec, Stack, SubLayer
from models.costs.module_costs import module_macs
from models.modules.merge import Mergeable
from models.modules.routing_lora import RoutingLora
from tests.models.modules.places import CA, FFN, MSA, SUB_LAYERS, TOY, Call, site_of, trained

PLACES = (
    SubLayer(0, MSA),
    SubLayer(1, FFN),
    SubLayer(0, CA, Stack.TEXT),
    SubLayer(0, FFN, Stack.IMAGE),
    SubLayer(0, MSA, Stack.VISION),
)


def added(frozen: Tensor, delta: Tensor | None) -> Tensor:
    return frozen if delta is None else frozen + delta


@pytest.mark.parametrize("sub_layer", PLACES, ids=str)
@pytest.mark.parametrize("text", ["lora:3", "genft:2", "pia:4"])
def test_merged_equals_beside(text: str, sub_layer: SubLayer) -> None:
    _, module = trained(sub_layer, text)
    call, changed = Call.drawn(sub_layer), 0
    assert isinstance(module, Mergeable)
    for name, (weight, bias) in TOY.linears(SUB_LAYERS.index(sub_layer)).items():
        inputs = call.inputs[name]
        expected = added(F.linear(inputs, weight, bias), module.delta(name, inputs, call.context))
        merged = module.merge(name, weight, bias)
        torch.testing.assert_close(F.linear(inputs, *merged), expected, rtol=1e-4, atol=1e-2)
        changed += not torch.equal(merged[0], weight)
    assert changed
    assert module_macs(ModuleSpec.parse(text), site_of(sub_layer), keep=True, merged=True) == 0


def test_merged_pia_keeps_what_an_ffn_gives() -> None:
    """EAS: a dropped attention leaves nothing; the adapter beside the FFN is its replacement, then in its weights."""
    sub_layer = SubLayer(0, FFN, Stack.TEXT)
    _, module = trained(sub_layer, "pia:4")
    call, linears = Call.drawn(sub_layer), TOY.linears(SUB_LAYERS.index(sub_layer))
    assert isinstance(module, Mergeable)
    up, down = linears["up"], linears["down"]
    weights = dict(module.named_parameters())
    dense = torch.block_diag(*weights["up.weight"])
    narrow = call.hidden @ weights["down.weight"].T + weights["down.bias"]
    adapted = call.hidden + narrow @ dense.T + weights["up.bias"]  # z + B (C z + c) + d
    expected = F.linear(F.gelu(F.linear(adapted, *up)), *down)
    merged = F.linear(F.gelu(F.linear(call.hidden, *module.merge("up", *up))), *down)
    torch.testing.assert_close(merged, expected, rtol=1e-4, atol=1e-2)


def test_merged_add_leaves_a_vector() -> None:
    sub_layer, text = SubLayer(0, CA, Stack.TEXT), "routing-lora:3:add"
    _, module = trained(sub_layer, text)
    call = Call.drawn(sub_layer, batch=1)
    assert isinstance(module, RoutingLora)
    macs = 0.0
    for name, summary in (("query", call.context.image), ("value", call.context.text)):
        assert summary is not None
        weight, bias = TOY.linears(SUB_LAYERS.index(sub_layer))[name]
        expected = added(F.linear(call.inputs[name], weight, bias), module.delta(name, call.inputs[name], call.context))
        merged = F.linear(call.inputs[name], *module.merge(name, weight, bias))
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            left = module.left(name, summary)
        macs += counter.get_total_flops() / 2
        torch.testing.assert_close(merged + left, expected, rtol=1e-4, atol=1e-3)
    assert module_macs(ModuleSpec.parse(text), site_of(sub_layer), keep=True, merged=True) == macs


def test_other_routing_functions_cannot_be_merged() -> None:
    sub_layer = SubLayer(0, MSA)
    _, module = trained(sub_layer, "routing-lora:3:mul")
    weight, bias = TOY.linears(SUB_LAYERS.index(sub_layer))["query"]
    assert isinstance(module, RoutingLora)
    with pytest.raises(ValueError, match="'mul' cannot be merged"):
        module.merge("query", weight, bias)


@pytest.mark.parametrize(
    ("text", "keep"), [("routing-lora:3:mul", True), ("bottleneck:4", True), ("context-peft:3", True), ("pia:4", False)]
)
def test_what_cannot_be_merged_costs_what_it_costs_as_it_runs(text: str, keep: bool) -> None:
    spec, site = ModuleSpec.parse(text), site_of(SubLayer(0, MSA))
    assert module_macs(spec, site, keep=keep, merged=True) == module_macs(spec, site, keep=keep) > 0


def test_prompts_of_a_trained_model_cost_their_attention_only() -> None:
    spec, site = ModuleSpec.parse("vfpt:4"), site_of(SubLayer(0, MSA))
    assert module_macs(spec, site, keep=True, merged=True) == 2 * 4 * site.tokens * site.width
