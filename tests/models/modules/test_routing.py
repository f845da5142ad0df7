"""Routing functions against loops over tokens, and which tokens a module routes by which summary."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.architecture import Stack, SubLayer
from models.modules.options import RoutingFunction
from models.modules.routing import route
from models.modules.routing_lora import RoutingLora
from tests.models.modules.places import CA, FFN, MSA, TEXT_TOKENS, Call, trained

LOOPS: dict[RoutingFunction, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    RoutingFunction.MUL: lambda x, v, _: x * v,
    RoutingFunction.ADD: lambda x, v, _: x + v,
    RoutingFunction.EXPAND: lambda x, v, _: x @ v.repeat(len(v), 1),
    RoutingFunction.OUTER: lambda x, v, _: x @ torch.outer(v, v),
    RoutingFunction.OUTER_RELU: lambda x, v, _: x.relu() @ torch.outer(v.relu(), v),
    RoutingFunction.SELF: lambda x, v, all_x: (all_x @ x).sum() * v,
    RoutingFunction.ONES: lambda x, v, _: (x @ v) * torch.ones_like(v),
    RoutingFunction.ONES_RELU: lambda x, v, _: (x.relu() @ v.relu()) * torch.ones_like(v),
}


@pytest.mark.parametrize("function", RoutingFunction)
def test_one_summary_token_is_as_published(function: RoutingFunction) -> None:
    generator = torch.Generator().manual_seed(0)
    x_t, x_v = torch.randn(2, 5, 4, generator=generator), torch.randn(2, 1, 4, generator=generator)
    expected = torch.stack(
        [torch.stack([LOOPS[function](x, v[0], rows) for x in rows]) for rows, v in zip(x_t, x_v, strict=True)]
    )
    torch.testing.assert_close(route(function, x_t, x_v), expected)


@pytest.mark.parametrize("function", RoutingFunction)
def test_several_summary_tokens_count_as_their_mean(function: RoutingFunction) -> None:
    """What is linear in the summary takes the mean of it; what meets it twice takes the mean of what each gives."""
    generator = torch.Generator().manual_seed(0)
    x_t, x_v = torch.randn(2, 5, 4, generator=generator), torch.randn(2, 3, 4, generator=generator)
    each = torch.stack([route(function, x_t, x_v[:, i : i + 1]) for i in range(3)])
    torch.testing.assert_close(route(function, x_t, x_v), each.mean(0))


def test_outer_of_several_summary_tokens_uses_their_second_moment() -> None:
    generator = torch.Generator().manual_seed(0)
    x_t, x_v = torch.randn(2, 5, 4, generator=generator), torch.randn(2, 3, 4, generator=generator)
    moment = x_v.transpose(1, 2) @ x_v / 3
    torch.testing.assert_close(route(RoutingFunction.OUTER, x_t, x_v), x_t @ moment)


def test_self_leaves_padding_out() -> None:
    generator = torch.Generator().manual_seed(0)
    x_t, x_v = torch.randn(2, 5, 4, generator=generator), torch.randn(2, 1, 4, generator=generator)
    valid = torch.tensor([[True] * 3 + [False] * 2] * 2)
    short = route(RoutingFunction.SELF, x_t[:, :3], x_v)
    torch.testing.assert_close(route(RoutingFunction.SELF, x_t, x_v, valid)[:, :3], short)


def changed_by(spec: str, sub_layer: SubLayer, linear: str, summary: str) -> Tensor:
    """(S,) bool: which tokens of a linear's result change with a summary."""
    _, module = trained(sub_layer, spec)
    call = Call.drawn(sub_layer)
    other = replace(call.context, **{summary: getattr(call.context, summary) + 1})
    found = [module.delta(linear, call.inputs[linear], context) for context in (call.context, other)]
    assert found[0] is not None
    assert found[1] is not None
    return (found[0] - found[1]).abs().amax((0, 2)) > 1e-6


@pytest.mark.parametrize("direction", ["", ":both", ":text", ":image"])
def test_a_joint_sequence_routes_each_part_by_the_other_modality(direction: str) -> None:
    sub_layer, spec = SubLayer(0, MSA), f"routing-lora:3:mul{direction}"
    by_image = changed_by(spec, sub_layer, "query", "image")
    by_text = changed_by(spec, sub_layer, "query", "text")
    assert by_image[:TEXT_TOKENS].all() == (direction != ":image")
    assert by_text[TEXT_TOKENS:].all() == (direction != ":text")
    assert not by_image[TEXT_TOKENS:].any()
    assert not by_text[:TEXT_TOKENS].any()


@pytest.mark.parametrize(("linear", "summary"), [("query", "image"), ("value", "text")])
def test_cross_attention_routes_what_it_reads_as_the_other_modality(linear: str, summary: str) -> None:
    """In the text stream the query's tokens are text; the value's are image."""
    sub_layer = SubLayer(0, CA, Stack.TEXT)
    for name in ("text", "image"):
        assert changed_by("routing-lora:3:outer", sub_layer, linear, name).all() == (name == summary)


def test_where_no_other_modality_is_met_it_is_plain_lora() -> None:
    sub_layer = SubLayer(0, MSA, Stack.LANGUAGE)
    _, module = trained(sub_layer, "routing-lora:3:outer")
    call = Call.drawn(sub_layer)
    assert isinstance(module, RoutingLora)
    found = module.delta("value", call.inputs["value"], call.context)
    torch.testing.assert_close(found, module.pairs["value"](call.inputs["value"]))


def test_an_adapter_reads_the_output_or_the_input_where_there_is_none() -> None:
    sub_layer = SubLayer(0, FFN, Stack.IMAGE)
    _, module = trained(sub_layer, "routing-adapter:4:outer")
    call = Call.drawn(sub_layer)
    assert call.output is not None
    after = module.update(call.hidden, call.output, call.context)
    instead = module.update(call.output, None, call.context)
    torch.testing.assert_close(after, instead)


def test_an_adapter_is_its_formula() -> None:
    sub_layer = SubLayer(0, FFN, Stack.TEXT)
    _, module = trained(sub_layer, "routing-adapter:4:mul")
    call, weights = Call.drawn(sub_layer, keep=False), dict(module.named_parameters())
    down = call.hidden @ weights["adapter.down.weight"].T + weights["adapter.down.bias"]
    assert call.context.image is not None
    summary = call.context.image @ weights["adapter.down.weight"].T + weights["adapter.down.bias"]
    narrow = torch.nn.functional.gelu(down * summary)
    expected = narrow @ weights["adapter.up.weight"].T + weights["adapter.up.bias"]
    torch.testing.assert_close(module.update(call.hidden, None, call.context), expected)
