"""Our LoRA is `peft`'s, number by number."""

import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn
from torch.nn import functional as F

from models.architecture import SubLayer
from models.modules.lora import Lora
from models.modules.low_rank import LowRank
from tests.models.modules.places import FFN, MSA, SUB_LAYERS, TOY, Call, trained

RANK = 3


def test_query_and_value_equal_peft() -> None:
    sub_layer = SubLayer(0, MSA)
    _, module = trained(sub_layer, f"lora:{RANK}")
    call, linears = Call.drawn(sub_layer), TOY.linears(SUB_LAYERS.index(sub_layer))
    assert isinstance(module, Lora)
    for name in ("query", "value"):
        theirs, pair = nn.ModuleDict({name: nn.Linear(12, 12)}), module.pairs[name]
        assert isinstance(pair, LowRank)
        inject_adapter_in_model(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=[name]), theirs)
        weight, bias = linears[name]
        state = {"base_layer.weight": weight, "base_layer.bias": bias}
        state |= {"lora_A.default.weight": pair.down.weight, "lora_B.default.weight": pair.up.weight}
        theirs[name].load_state_dict(state)
        delta = module.delta(name, call.inputs[name], call.context)
        assert delta is not None
        torch.testing.assert_close(F.linear(call.inputs[name], weight, bias) + delta, theirs[name](call.inputs[name]))


def test_start_is_drawn_as_peft_draws_it() -> None:
    """Kaiming-uniform with a = sqrt(5): within 1 / sqrt(inputs); B zeros."""
    pair = LowRank(400, 300, 200, generator=torch.Generator().manual_seed(0))
    theirs = nn.ModuleDict({"linear": nn.Linear(400, 300)})
    inject_adapter_in_model(LoraConfig(r=200, target_modules=["linear"]), theirs)
    reference = dict(theirs.named_parameters())["linear.lora_A.default.weight"]
    assert pair.down.weight.abs().max() <= 400**-0.5
    torch.testing.assert_close(pair.down.weight.std(), reference.std(), rtol=0.02, atol=0)
    assert torch.count_nonzero(pair.up.weight) == 0


def test_an_ffn_is_adapted_at_both_linears() -> None:
    _, module = trained(SubLayer(0, FFN), "lora:3")
    assert set(Call.drawn(SubLayer(0, FFN)).effects(module)) == {"up", "down"}
    _, module = trained(SubLayer(0, MSA), "lora:3")
    assert set(Call.drawn(SubLayer(0, MSA)).effects(module)) == {"query", "value"}
