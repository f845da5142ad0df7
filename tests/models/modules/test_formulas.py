"""Each kind against its formula, written out."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from models.architecture import Stack, SubLayer
from models.modules.base import TrainableModule
from models.modules.build import Modules
from tests.models.modules.places import CA, FFN, HIDDEN, MSA, SUB_LAYERS, TEXT_TOKENS, TOY, Call, modules_at, trained

TEXT_FFN = SubLayer(0, FFN, Stack.TEXT)


def weights_of(module: TrainableModule | Modules) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in module.named_parameters()}


def linear(weights: dict[str, Tensor], name: str, inputs: Tensor) -> Tensor:
    return inputs @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def test_bottleneck() -> None:
    _, module = trained(TEXT_FFN, "bottleneck:4")
    call, w = Call.drawn(TEXT_FFN), weights_of(module)
    normed = F.layer_norm(call.hidden, (HIDDEN,), w["norm.weight"], w["norm.bias"])
    expected = linear(w, "up", linear(w, "down", normed).relu())
    torch.testing.assert_close(module.update(call.hidden, call.output, call.context), expected)


def test_mma_mixes_two_grouped_experts_by_the_first_token() -> None:
    _, module = trained(TEXT_FFN, "mma:4")
    call, w = Call.drawn(TEXT_FFN), weights_of(module)
    narrow = linear(w, "down", call.hidden)
    gate = (linear(w, "router", call.hidden[:, 0]) / 10).softmax(-1)
    expected = torch.zeros_like(call.hidden)
    for expert in range(2):
        halves = [narrow[..., 2 * half : 2 * half + 2] @ w[f"ups.{expert}.weight"][half].T for half in range(2)]
        expected += gate[:, expert, None, None] * (torch.cat(halves, -1) + w[f"ups.{expert}.bias"])
    torch.testing.assert_close(module.update(call.hidden, call.output, call.context), expected)


def uni(w: dict[str, Tensor], block: int) -> dict[str, Tensor]:
    """The shared parts of a depth by short names."""
    prefix = f"shared.uniadapter-{block}-{HIDDEN}x4-"
    return {key.removeprefix(prefix).removeprefix("down."): value for key, value in w.items()}


def test_uniadapter_gives_each_modality_its_own_up_projection() -> None:
    sub_layer = SubLayer(1, MSA)
    modules, module = trained(sub_layer, "uniadapter:4")
    call, w = Call.drawn(sub_layer), uni(weights_of(modules), 1)
    normed = F.layer_norm(call.hidden, (HIDDEN,), w["norm.weight"], w["norm.bias"])
    narrow = linear(w, "down", normed).relu()
    text, image = linear(w, "up-text", narrow[:, :TEXT_TOKENS]), linear(w, "up-image", narrow[:, TEXT_TOKENS:])
    expected = 0.1 * torch.cat([text, image], 1)
    torch.testing.assert_close(module.update(call.hidden, call.output, call.context), expected)


def test_uniadapter_crosses_with_the_streams_up_projection_and_the_query() -> None:
    sub_layer = SubLayer(0, CA, Stack.TEXT)
    modules, module = trained(sub_layer, "uniadapter:4")
    call, w = Call.drawn(sub_layer), uni(weights_of(modules), 0)
    assert call.output is not None

    def narrow(tokens: Tensor) -> Tensor:
        return linear(w, "down", F.layer_norm(tokens, (HIDDEN,), w["norm.weight"], w["norm.bias"])).relu()

    met, query = narrow(call.hidden + call.output), narrow(call.hidden)
    expected = 0.1 * (linear(w, "up-text", query) + linear(w, "up-text", met) + linear(w, "up-cross", met))
    torch.testing.assert_close(module.update(call.hidden, call.output, call.context), expected)


def test_uniadapter_shares_within_a_depth_only() -> None:
    texts = {SubLayer(block, MSA, stack): "uniadapter:4" for block in (0, 1) for stack in (Stack.TEXT, Stack.IMAGE)}
    parts = {key.split(".")[1] for key in modules_at(texts).state_dict()}
    names = ("down", "up-text", "up-image")
    assert parts == {f"uniadapter-{block}-{HIDDEN}x4-{name}" for block in (0, 1) for name in names}


def vl_pet_gate(w: dict[str, Tensor], name: str, entered: Tensor, left: Tensor) -> Tensor:
    if name == "full":
        return linear(w, "gate.up", F.gelu(linear(w, "gate.down", entered), approximate="tanh")).sigmoid()
    if name == "row":
        return linear(w, "gate.gate", entered + left).sigmoid()
    if name == "column":
        return 1 + w["gate.gate"]
    return linear(w, "gate.gate", torch.cat([entered, left], -1)).sigmoid().mean(1, keepdim=True)


@pytest.mark.parametrize("name", ["full", "row", "column", "scalar"])
@pytest.mark.parametrize("keep", [True, False])
def test_vl_pet(name: str, keep: bool) -> None:
    _, module = trained(TEXT_FFN, f"vl-pet:4:{name}", keep=keep)
    call, w = Call.drawn(TEXT_FFN, keep=keep), weights_of(module)
    base = call.hidden if call.output is None else call.output
    change = linear(w, "up", F.gelu(linear(w, "down", base), approximate="tanh"))
    gate = vl_pet_gate(w, name, call.hidden, base + change)
    batch, tokens, width = call.hidden.shape
    sizes = {"full": (batch, tokens, width), "row": (batch, tokens, 1), "column": (width,), "scalar": (batch, 1, 1)}
    assert gate.shape == sizes[name]
    torch.testing.assert_close(module.update(call.hidden, call.output, call.context), gate * change)


@pytest.mark.parametrize(("option", "transformed"), [("", 2), (":0", 0), (":0.4", 1), (":1", 4)])
def test_vfpt_transforms_a_share_of_the_prompts(option: str, transformed: int) -> None:
    _, module = trained(SubLayer(0, MSA), f"vfpt:4{option}")
    tokens, found = weights_of(module)["tokens"], module.prompts()
    assert found is not None
    n = torch.arange(HIDDEN) * torch.arange(HIDDEN)[:, None] * (-2j * torch.pi / HIDDEN)
    first = tokens[:transformed].to(torch.complex64) @ n.exp()  # over the width
    m = torch.arange(transformed) * torch.arange(transformed)[:, None] * (-2j * torch.pi / max(transformed, 1))
    expected = torch.cat([(m.exp() @ first).real, tokens[transformed:]])  # then over the sequence
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_context_peft_keeps_pairs_apart_by_modality() -> None:
    sub_layer = SubLayer(0, MSA)
    _, module = trained(sub_layer, "context-peft:3")
    call, w = Call.drawn(sub_layer), weights_of(module)
    inputs = call.inputs["value"]
    parts = []
    for modality, part in (("text", inputs[:, :TEXT_TOKENS]), ("image", inputs[:, TEXT_TOKENS:])):
        down, up = (w[f"parts.value.{modality}.{name}.weight"] for name in ("down", "up"))
        parts.append(part @ down.T @ up.T)
    torch.testing.assert_close(module.delta("value", inputs, call.context), torch.cat(parts, 1))


def test_context_peft_knows_whose_tokens_cross_attention_reads() -> None:
    _, module = trained(SubLayer(0, CA, Stack.TEXT), "context-peft:1:bias")
    assert {name.removeprefix("parts.") for name in weights_of(module)} == {
        "query.text.bias",
        "value.image.bias",
        "out.text.bias",
    }


def test_genft_generates_its_change_from_the_frozen_weight() -> None:
    modules, module = trained(TEXT_FFN, "genft:2")
    call, w = Call.drawn(TEXT_FFN), weights_of(modules)
    place = SUB_LAYERS.index(TEXT_FFN)
    weight, _ = TOY.linears(place)["up"]  # (24, 12)

    def concatenated(matrix: Tensor, width: int, name: str) -> Tensor:
        parts = (f"shared.genft-{width}x2-{name}", f"by_place.{place}.own.up.{name}")
        a = torch.cat([w[f"{part}.down.weight"] for part in parts])
        b = torch.cat([w[f"{part}.up.weight"] for part in parts], dim=1)
        return F.gelu(matrix @ a.T) @ b.T

    rows = concatenated(weight, HIDDEN, "rows")
    change = concatenated(rows.T, 2 * HIDDEN, "columns").T
    found = module.delta("up", call.inputs["up"], call.context)
    torch.testing.assert_close(found, call.inputs["up"] @ change.T, rtol=1e-4, atol=1e-1)


def test_pha_makes_its_adapter_from_prototype_and_layer() -> None:
    modules, module = trained(TEXT_FFN, "pha:4")
    call, w = Call.drawn(TEXT_FFN), weights_of(modules)
    hyper = {key.removeprefix(f"shared.pha-{HIDDEN}x4."): value for key, value in w.items()}
    code = torch.cat([hyper["prototype"], weights_of(module)["layer"]])
    code = linear(hyper, "second", linear(hyper, "first", code).relu())
    code = F.layer_norm(code, (64,), hyper["norm.weight"], hyper["norm.bias"], 1e-6)
    down, up = linear(hyper, "down", code).view(4, HIDDEN), linear(hyper, "up", code).view(HIDDEN, 4)
    narrow = (call.hidden @ down.T + linear(hyper, "down_bias", code)).relu()
    expected = narrow @ up.T + linear(hyper, "up_bias", code)
    found = module.update(call.hidden, call.output, call.context)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-1)


@pytest.mark.parametrize("sub_layer", [SubLayer(0, MSA), SubLayer(0, CA, Stack.IMAGE)], ids=str)
def test_pia_in_place_aggregates_what_attention_would_have_read(sub_layer: SubLayer) -> None:
    _, module = trained(sub_layer, "pia:4", keep=False)
    call, w = Call.drawn(sub_layer, keep=False), weights_of(module)
    around = call.context.text if sub_layer.kind is CA else call.hidden
    assert around is not None
    narrow = (linear(w, "down", call.hidden) + linear(w, "aggregate", around).mean(1, keepdim=True)) / 2
    expected = narrow @ torch.block_diag(*w["up.weight"]).T + w["up.bias"]
    torch.testing.assert_close(module.update(call.hidden, None, call.context), expected)


@pytest.mark.parametrize("text", ["vl-pet:4:scalar", "pia:4"])
def test_padding_changes_nothing(text: str) -> None:
    sub_layer = SubLayer(0, MSA, Stack.TEXT)
    _, module = trained(sub_layer, text, keep=False)
    call = Call.drawn(sub_layer, keep=False)
    padded = torch.cat([call.hidden, torch.ones(2, 2, HIDDEN)], dim=1)
    valid = torch.tensor([[True] * TEXT_TOKENS + [False] * 2] * 2)
    found = module.update(padded, None, replace(call.context, valid=valid))
    assert found is not None
    torch.testing.assert_close(found[:, :TEXT_TOKENS], module.update(call.hidden, None, call.context))
