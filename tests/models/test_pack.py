"""A pack is what its members are, each for itself."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

import models.pack
from models.architecture import Architecture, Choice, ModuleSpec, PatchKeep, bottleneck
from models.inputs import Inputs
from models.meter_config import MeterConfig
from models.network import Network
from models.pack import Pack
from models.stacked import Stack
from models.student import Student
from models.vilt_config import ViltConfig
from models.workload import TaskName
from tests.models.pack_runs import BESIDE, INSTEAD, inputs_of, random_architecture, student_of
from tests.networks import TINY, TINY_METER, random_network

CONFIGS = pytest.mark.parametrize("config", [TINY, TINY_METER], ids=["vilt", "meter"])
NETWORKS = {id(config): random_network(config) for config in (TINY, TINY_METER)}
ROUNDING = 1e-5
"""Of low-rank products and small retrieval heads: there the order of a sum is a matter of the processor."""


def network_of(config: ViltConfig | MeterConfig) -> Network:
    return NETWORKS[id(config)]


def gradients(pack: Pack, inputs: Inputs) -> list[dict[str, Tensor]]:
    """Of each member, its features and logits, and the gradients of a sum of their squares."""
    pooled = pack.pooled(inputs)
    logits = pack.logits(pooled)
    parameters = [stack.parameter for stack in pack.stacks]
    total = pooled.square().sum() + logits.square().sum()
    slopes = torch.autograd.grad(total, parameters, allow_unused=True, materialize_grads=True)
    found: list[dict[str, Tensor]] = [
        {"pooled": pooled[member].detach(), "logits": logits[member].detach()} for member in range(len(pack))
    ]
    for stack, slope in zip(pack.stacks, slopes, strict=True):
        for row, member in enumerate(stack.members):
            found[member][stack.name] = slope[row]
    return found


def differing(one: dict[str, Tensor], other: dict[str, Tensor], rounding: float = 0.0) -> list[str]:
    """At all, or by more than the rounding of a sum in another order, beside the largest of a tensor's numbers."""
    assert one.keys() == other.keys()
    return [name for name in one if (one[name] - other[name]).abs().max() > rounding * (1 + other[name].abs().max())]


def check_alike(students: Sequence[Student], inputs: Inputs, rounding: float = 0.0) -> None:
    """Each member's numbers are those of a pack of its own, and its student's but for rounding."""
    for student, found in zip(students, gradients(Pack(students), inputs), strict=True):
        (alone,) = gradients(Pack([student]), inputs)
        assert not differing(found, alone, rounding)
        pooled = student.pooled(inputs)
        torch.testing.assert_close(found["pooled"], pooled, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(found["logits"], student.task.logits(student.head, pooled), rtol=1e-4, atol=1e-5)


@CONFIGS
@pytest.mark.parametrize("spec", BESIDE, ids=str)
def test_members_with_any_kind_of_module(config: ViltConfig, spec: ModuleSpec) -> None:
    rng, network = random.Random(str(spec)), network_of(config)
    instead = (spec if spec in INSTEAD else None, bottleneck(4))
    students = [
        student_of(network, random_architecture(config, rng, beside=(spec,), instead=instead), seed=seed)
        for seed in range(3)
    ]
    check_alike(students, inputs_of(network), ROUNDING if "lora" in spec.kind or spec.kind == "genft" else 0.0)


@CONFIGS
@pytest.mark.parametrize("text", ["vl-pet:4:scalar", "vl-pet:4:row", "lora:1", "context-peft:2", "vfpt:1"])
def test_thin_matrices_agree_but_for_rounding(config: ViltConfig, text: str) -> None:
    rng, network, spec = random.Random(text), network_of(config), ModuleSpec.parse(text)
    students = [
        student_of(network, random_architecture(config, rng, beside=(spec,), instead=(None,)), seed=seed)
        for seed in range(2)
    ]
    inputs = inputs_of(network)
    for student, found in zip(students, gradients(Pack(students), inputs), strict=True):
        (alone,) = gradients(Pack([student]), inputs)
        for name, tensor in found.items():
            torch.testing.assert_close(tensor, alone[name], rtol=1e-4, atol=1e-4)


@CONFIGS
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32), members=st.integers(2, 5), filtered=st.booleans(), token=st.booleans())
def test_any_mix_in_any_order(config: ViltConfig, seed: int, members: int, filtered: bool, token: bool) -> None:
    rng, network = random.Random(seed), network_of(config)
    patches = PatchKeep(0.5, rng.randrange(2)) if filtered else None
    marked = token and isinstance(config, MeterConfig)
    students = [
        student_of(
            network,
            random_architecture(config, rng, patches=patches, classifier_token=marked),
            seed=seed,
        )
        for seed in range(members)
    ]
    inputs = inputs_of(network)
    check_alike(students, inputs, ROUNDING)
    order = rng.sample(range(members), members)
    first, second = gradients(Pack(students), inputs), gradients(Pack([students[at] for at in order]), inputs)
    assert not any(differing(first[at], found, ROUNDING) for at, found in zip(order, second, strict=True))


@CONFIGS
@pytest.mark.parametrize("task", [TaskName.NLVR2, TaskName.RETRIEVAL])
def test_members_of_every_task(config: ViltConfig, task: TaskName) -> None:
    rng, network = random.Random(0), network_of(config)
    students = [student_of(network, random_architecture(config, rng), seed=seed, task=task) for seed in range(3)]
    check_alike(students, inputs_of(network, task), ROUNDING if task is TaskName.RETRIEVAL else 0.0)


@contextmanager
def counted(network: Network) -> Iterator[dict[int, list[int]]]:
    """How many rows each frozen sub-layer is called on, call by call."""
    calls: dict[int, list[int]] = {place: [] for place in range(len(network.config.sub_layers))}
    hooks = [
        network.backbone.sub_layer(place).register_forward_pre_hook(
            lambda _, given, place=place: calls[place].append(len(given[0]))
        )
        for place in calls
    ]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def apart_from_the_start(network: Network, inputs: Inputs, *, members: int) -> list[Architecture]:
    """Random ones that carry different modules at the first place that runs."""
    rng, instead = random.Random(3), (bottleneck(4), None)
    beside = (*instead, ModuleSpec("lora", 4))
    first = network.backbone.places(inputs.texts, inputs.images)[0]
    found = []
    for size in range(4, 4 + members):
        choices = list(random_architecture(network.config, rng, beside=beside, instead=instead).choices)
        choices[first] = Choice(module=bottleneck(size))
        found.append(Architecture(tuple(choices)))
    return found


@CONFIGS
def test_a_frozen_sub_layer_runs_once_on_those_who_keep_it(config: ViltConfig) -> None:
    """With examples too few to leave out tokens; the first place runs on the rows that all share."""
    network = network_of(config)
    inputs = inputs_of(network, examples=8)
    architectures = apart_from_the_start(network, inputs, members=4)
    with counted(network) as calls:
        Pack([student_of(network, each) for each in architectures]).pooled(inputs)
    first = network.backbone.places(inputs.texts, inputs.images)[0]
    assert calls.pop(first) == [8]
    for place, rows in calls.items():
        keeping = sum(each.choices[place].keep for each in architectures)
        assert rows == [keeping * 8] * (keeping > 0)


@CONFIGS
@pytest.mark.parametrize("seed", range(4))
def test_tokens_that_nobody_needs_are_left_out(config: ViltConfig, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The features are the same but for rounding, with fewer MACs."""
    rng, network = random.Random(seed), network_of(config)
    filtered = PatchKeep(0.5, 1) if seed % 2 else None
    students = [student_of(network, random_architecture(config, rng, patches=filtered)) for _ in range(2)]
    full = Architecture.full(config.sub_layers, module=bottleneck(4))
    pack, inputs = Pack([*students, student_of(network, Architecture(full.choices, filtered))]), inputs_of(network)
    with torch.no_grad(), FlopCounterMode(display=False) as narrow:
        found = pack.pooled(inputs)
    monkeypatch.setattr(models.pack, "ENOUGH", 17)
    with torch.no_grad(), FlopCounterMode(display=False) as whole:
        expected = pack.pooled(inputs)
    assert (found - expected).abs().max() < 1e-6
    assert narrow.get_total_flops() < whole.get_total_flops()


@CONFIGS
def test_what_is_equal_for_all_members_runs_once(config: ViltConfig) -> None:
    """The first place in front of which nobody differs, though different modules stand beside it."""
    network, full = network_of(config), Architecture.full(config.sub_layers)
    inputs = inputs_of(network)
    first = network.backbone.places(inputs.texts, inputs.images)[0]
    carried = [
        Architecture(tuple(Choice(module=bottleneck(size)) if p == first else c for p, c in enumerate(full.choices)))
        for size in (4, 8, 8)
    ]
    with counted(network) as calls:
        Pack([student_of(network, each, seed=seed) for seed, each in enumerate([full, full, *carried])]).pooled(inputs)
    assert calls.pop(first) == [16]
    later = network.backbone.places(inputs.texts, inputs.images)[1:]
    assert [calls[place] for place in later] == [[4 * 16]] * len(later)  # the two without a module never part


@CONFIGS
def test_what_members_share_is_filtered_once(config: ViltConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    network, entered = network_of(config), list[int]()
    machine, inputs = type(network.backbone), inputs_of(network)
    enter: Any = machine.enter

    def noted(self: object, state: object, place: int) -> object:
        entered.append(place)
        return enter(self, state, place)

    monkeypatch.setattr(machine, "enter", noted)
    full = Architecture(Architecture.full(config.sub_layers).choices, PatchKeep(0.5, 1))
    Pack([student_of(network, full, seed=seed) for seed in range(3)]).pooled(inputs)
    assert entered == list(network.backbone.places(inputs.texts, inputs.images))


def test_an_index_made_while_scoring_serves_a_training() -> None:
    stack = Stack("weight", (0, 2, 3), torch.nn.Parameter(torch.arange(3.0)))
    with torch.inference_mode():
        assert stack.of((3, 0)).tolist() == [2.0, 0.0]
    stack.of((3, 0)).square().sum().backward()
    assert stack.parameter.grad is not None
    assert stack.parameter.grad.tolist() == [0.0, 0.0, 4.0]


def test_members_agree_on_what_a_pack_shares() -> None:
    network, full = network_of(TINY), Architecture.full(TINY.sub_layers)
    filtered = Architecture(full.choices, PatchKeep(0.5, 1))
    with pytest.raises(ValueError, match="the same patches"):
        Pack([student_of(network, full), student_of(network, filtered)])
    with pytest.raises(ValueError, match="one task"):
        Pack([student_of(network, full), student_of(network, full, task=TaskName.NLVR2)])
    with pytest.raises(ValueError, match="one network"):
        Pack([student_of(network, full), student_of(random_network(TINY), full)])
    with pytest.raises(ValueError, match="one member or more"):
        Pack([])
