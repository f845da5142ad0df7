"""A set of modules: what is built where, from which draw, under which keys."""

import copy

import pytest
import torch

from models.architecture import Architecture, ModuleSpec, Stack, SubLayer
from models.modules.build import Modules, build_modules
from tests.models.modules.places import CA, FFN, HIDDEN, MSA, SUB_LAYERS, TOY, Call, architecture_of, fill, modules_at

FULL = Architecture.full(SUB_LAYERS)


def test_modules_stand_at_their_places_and_nowhere_else() -> None:
    modules = modules_at({SUB_LAYERS[2]: "bottleneck:4", SUB_LAYERS[7]: "lora:2"})
    assert [place for place in range(len(SUB_LAYERS)) if modules.at(place) is not None] == [2, 7]
    assert modules.classifier_token is None


def test_keys_name_places_and_shared_parts() -> None:
    first, second = SubLayer(1, MSA, Stack.TEXT), SubLayer(1, CA, Stack.IMAGE)
    keys = set(modules_at({first: "lora:2", second: "uniadapter:4"}).state_dict())
    place = SUB_LAYERS.index(first)
    assert {key for key in keys if key.startswith("by_place")} == {
        f"by_place.{place}.pairs.{linear}.{part}.weight" for linear in ("query", "value") for part in ("down", "up")
    }
    parts = {key.split(".")[1] for key in keys if key.startswith("shared")}
    assert parts == {f"uniadapter-1-{HIDDEN}x4-{part}" for part in ("down", "up-image", "up-cross")}


def test_what_two_candidates_share_starts_equal() -> None:
    one = modules_at({SUB_LAYERS[0]: "lora:3", SUB_LAYERS[3]: "pha:4", SUB_LAYERS[5]: "bottleneck:4"})
    two = modules_at({SUB_LAYERS[1]: "bottleneck:6", SUB_LAYERS[3]: "pha:4", SUB_LAYERS[5]: "bottleneck:4"})
    same = set(one.state_dict()) & set(two.state_dict())
    assert {key.split(".")[1] for key in same} == {"3", "5", f"pha-{HIDDEN}x4"}
    assert all(torch.equal(one.state_dict()[key], two.state_dict()[key]) for key in same)


def test_places_and_seeds_differ() -> None:
    first = modules_at({SUB_LAYERS[0]: "bottleneck:4", SUB_LAYERS[1]: "bottleneck:4"}).state_dict()
    other = modules_at({SUB_LAYERS[0]: "bottleneck:4"}, seed=1).state_dict()
    assert not torch.equal(first["by_place.0.down.weight"], first["by_place.1.down.weight"])
    assert not torch.equal(first["by_place.0.down.weight"], other["by_place.0.down.weight"])


def test_the_draw_takes_one_number_and_nothing_global() -> None:
    before, generator, reference = torch.get_rng_state(), torch.Generator(), torch.Generator()
    for text in ("pha:4", "genft:2", "vl-pet:4:full", "mma:4"):
        spec = ModuleSpec.parse(text)
        build_modules(TOY, architecture_of(dict.fromkeys(SUB_LAYERS, spec)), generator=generator)
        torch.randint(2**62, (), generator=reference)
    assert torch.equal(generator.get_state(), reference.get_state())
    assert torch.equal(torch.get_rng_state(), before)


def test_every_stack_has_its_width() -> None:
    texts = dict.fromkeys((SubLayer(0, FFN, Stack.VISION), SubLayer(0, FFN, Stack.LANGUAGE)), "bottleneck:4")
    for keep in (True, False):
        modules = modules_at(texts, keep=keep)
        shapes = {name: tuple(p.shape) for name, p in modules.named_parameters() if name.endswith("up.bias")}
        assert sorted(shapes.values()) == [(16,), (20,)]


def test_a_module_with_nothing_to_do_is_left_out() -> None:
    modules = modules_at(dict.fromkeys(SUB_LAYERS, "vfpt:4"))
    assert [modules.at(place) is not None for place in range(len(SUB_LAYERS))] == [s.kind is MSA for s in SUB_LAYERS]


def test_classifier_token_starts_as_told_or_zero() -> None:
    architecture, generator = Architecture(FULL.choices, classifier_token=True), torch.Generator()
    zero = build_modules(TOY, architecture, generator=generator).classifier_token
    start = torch.randn(HIDDEN, generator=generator)
    told = build_modules(TOY, architecture, generator=generator, classifier_token=start)
    assert zero is not None
    assert torch.equal(zero, torch.zeros(HIDDEN))
    assert told.classifier_token is not None
    assert torch.equal(told.classifier_token, start)
    assert told.classifier_token.data_ptr() != start.data_ptr()
    assert list(told.state_dict()) == ["classifier_token"]
    assert build_modules(TOY, FULL, generator=generator, classifier_token=start).classifier_token is None


def test_state_and_copies_carry_everything() -> None:
    texts = {SUB_LAYERS[0]: "uniadapter:4", SUB_LAYERS[1]: "genft:2", SUB_LAYERS[2]: "pha:4"}
    source = modules_at(texts)
    fill(source, seed=1)
    loaded = modules_at(texts, seed=5)
    loaded.load_state_dict(source.state_dict())
    copied = copy.deepcopy(source)
    fill(source, seed=2)  # neither sees this
    for place, sub_layer in enumerate(SUB_LAYERS[:3]):
        effects = [_effects(modules, place, sub_layer) for modules in (loaded, copied, source)]
        for name in effects[0]:
            assert torch.equal(effects[0][name], effects[1][name])
            assert not torch.equal(effects[0][name], effects[2][name])


def _effects(modules: Modules, place: int, sub_layer: SubLayer) -> dict[str, torch.Tensor]:
    module = modules.at(place)
    assert module is not None
    return Call.drawn(sub_layer).effects(module)


def test_frozen_weights_are_neither_state_nor_copies() -> None:
    modules = modules_at({SUB_LAYERS[0]: "genft:2"})
    weight, _ = TOY.linears(0)["query"]
    (buffer,) = [value for name, value in modules.named_buffers() if name.endswith("query")]
    assert buffer.data_ptr() == weight.data_ptr()
    assert not any("frozen" in key for key in modules.state_dict())


@pytest.mark.parametrize("text", ["lora:2", "genft:2", "vfpt:4", "context-peft:2", "routing-lora:2:mul"])
def test_a_change_of_a_dropped_sub_layer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="needs its sub-layer; in place of a dropped one may stand bottleneck, mma"):
        modules_at({SUB_LAYERS[0]: text}, keep=False)


def test_an_unknown_module_is_refused() -> None:
    with pytest.raises(ValueError, match="no module is called 'adapter'; there are bottleneck"):
        modules_at({SUB_LAYERS[0]: "adapter:4"})


def test_an_architecture_of_another_backbone_is_refused() -> None:
    with pytest.raises(ValueError, match=rf"{len(SUB_LAYERS) - 1} choices.*{len(SUB_LAYERS)} sub-layers"):
        build_modules(TOY, Architecture(FULL.choices[1:]), generator=torch.Generator())
