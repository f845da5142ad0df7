"""What holds for every kind of module at every place it may stand: shapes, start, gradients, costs."""

from collections.abc import Iterator

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from models.architecture import ModuleSpec, Stack
from models.costs.module_costs import KINDS, check_module, module_macs, module_parameters, serves
from models.costs.site import Site
from models.modules.base import TrainableModule
from models.modules.build import BUILDERS, Modules
from tests.models.modules.places import SUB_LAYERS, TOY, Call, fill, modules_at, site_of

SPECS = (
    "bottleneck:4",
    "lora:3",
    *(f"routing-lora:3:{name}" for name in ("mul", "add", "outer", "self")),
    "routing-lora:3:outer:text",
    "routing-lora:3:ones-relu:image",
    "routing-adapter:4:outer",
    "routing-adapter:4:mul:text",
    "routing-adapter:4:self:image",
    "mma:4",
    "uniadapter:4",
    *(f"vl-pet:4:{name}" for name in ("full", "row", "column", "scalar")),
    "vfpt:4",
    "vfpt:4:1",
    "context-peft:3",
    "context-peft:1:bias",
    "genft:2",
    "pha:4",
    "pia:4",
)
STARTS_WITHOUT_EFFECT = set(KINDS) - {"bottleneck", "vfpt", "pha"}


FIRST_BLOCK = [each for each in SUB_LAYERS if each.block == 0 and each.stack is not Stack.VISION]  # it is as LANGUAGE


def carried() -> Iterator[tuple[str, bool]]:
    for text in SPECS:
        yield text, True
        if KINDS[ModuleSpec.parse(text).kind].in_place:
            yield text, False


every_module = pytest.mark.parametrize(("text", "keep"), list(carried()))


def each_place(text: str, *, keep: bool, batch: int = 2) -> Iterator[tuple[Site, Modules, TrainableModule, Call]]:
    """The module at every place that it serves: a set of its own, and what it is given there."""
    for sub_layer in FIRST_BLOCK:
        if serves(ModuleSpec.parse(text), sub_layer):
            modules = modules_at({sub_layer: text}, keep=keep)
            module = modules.at(SUB_LAYERS.index(sub_layer))
            assert module is not None
            yield site_of(sub_layer), modules, module, Call.drawn(sub_layer, keep=keep, batch=batch)


def test_every_kind_is_covered() -> None:
    assert {ModuleSpec.parse(text).kind for text in SPECS} == set(KINDS) == set(BUILDERS)
    for text, keep in carried():
        check_module(ModuleSpec.parse(text), in_place=not keep)


@every_module
def test_effects_have_the_shapes_of_what_they_join(text: str, keep: bool) -> None:
    for site, _, module, call in each_place(text, keep=keep):
        effects = call.effects(module)
        assert effects
        for name, effect in effects.items():
            if name == "update":
                expected: tuple[int, ...] = (2, site.tokens, site.width)
            elif name == "prompts":
                expected = (4, site.width)
            else:
                expected = (2, site.linears[name].tokens, site.linears[name].outputs)
            assert effect.shape == expected, (str(site.sub_layer), name)


@every_module
def test_start_is_without_effect_where_published_so(text: str, keep: bool) -> None:
    kind = ModuleSpec.parse(text).kind
    for _, _, module, call in each_place(text, keep=keep):
        for effect in call.effects(module).values():
            if kind in STARTS_WITHOUT_EFFECT:
                assert torch.count_nonzero(effect) == 0
            elif kind != "vfpt":
                assert 0 < effect.abs().max() < 0.05


@every_module
def test_every_parameter_learns_within_two_steps(text: str, keep: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    for site, modules, module, call in each_place(text, keep=keep, batch=8):
        start = {name: value.clone() for name, value in modules.state_dict().items()}
        optimiser = torch.optim.SGD(modules.parameters(), lr=0.1)
        targets = {name: torch.randn(e.shape, generator=generator) for name, e in call.effects(module).items()}
        for _ in range(2):
            optimiser.zero_grad()
            losses = [(effect - targets[name]).square().sum() for name, effect in call.effects(module).items()]
            torch.autograd.backward(torch.stack(losses).sum())
            optimiser.step()
        unchanged = [name for name, value in modules.state_dict().items() if torch.equal(value, start[name])]
        assert unchanged == [], str(site.sub_layer)


@every_module
def test_macs_equal_the_counter(text: str, keep: bool) -> None:
    spec = ModuleSpec.parse(text)
    for site, _, module, call in each_place(text, keep=keep, batch=1):
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            prompts = call.effects(module).get("prompts")
            if prompts is not None:  # their keys and values, and the attention of each token to them
                linears = TOY.linears(SUB_LAYERS.index(site.sub_layer))
                keys, values = (prompts @ linears[name][0].T for name in ("key", "value"))
                (call.hidden @ keys.T) @ values
        macs = counter.get_total_flops() / 2  # two FLOPs are one MAC
        assert module_macs(spec, site, keep=keep) == macs, str(site.sub_layer)


@every_module
def test_parameters_equal_the_modules_with_shared_parts_once(text: str, keep: bool) -> None:
    spec, modules = ModuleSpec.parse(text), modules_at(dict.fromkeys(SUB_LAYERS, text), keep=keep)
    counted = sum(parameter.numel() for parameter in modules.parameters())
    assert module_parameters([(spec, site_of(each), keep) for each in SUB_LAYERS]) == counted


def test_parameters_of_different_modules_add_up() -> None:
    texts = dict(zip(SUB_LAYERS, ("uniadapter:4", "uniadapter:2", "genft:2", "pha:4", "lora:2"), strict=False))
    counted = sum(parameter.numel() for parameter in modules_at(texts).parameters())
    assert module_parameters([(ModuleSpec.parse(t), site_of(s), True) for s, t in texts.items()]) == counted


@every_module
def test_examples_do_not_see_each_other(text: str, keep: bool) -> None:
    for _, modules, module, both in each_place(text, keep=keep):
        fill(modules, seed=2)
        for row in range(2):
            for name, effect in both.row(row).effects(module).items():
                expected = effect if name == "prompts" else both.effects(module)[name][row : row + 1]
                torch.testing.assert_close(effect, expected, rtol=1e-4, atol=1e-4)
