"""The screen gives what shared weights give one architecture at a time, with less work."""

import random
from collections.abc import Sequence

import pytest
import torch

from models.architecture import Architecture, Choice, ModuleSpec, PatchKeep, bottleneck
from models.inputs import Inputs
from models.meter_config import MeterConfig
from models.network import Network
from models.screen import screened
from models.shared_student import SharedStudent
from models.student import Student
from models.vilt_config import ViltConfig
from models.workload import TaskName
from tests.models.pack_runs import inputs_of
from tests.models.test_pack import CONFIGS, counted, network_of
from tests.networks import TINY, TINY_METER

CHOICES = (Choice(module=bottleneck(4)), Choice(), Choice(False), Choice(False, bottleneck(8)))


def shared_student(network: Network, choices: Sequence[Choice] = CHOICES, *, token: bool = False) -> SharedStudent:
    generator = torch.Generator().manual_seed(0)
    each = [choices] * len(network.config.sub_layers)
    shared = SharedStudent(network, TaskName.VQA, choices=each, classifier_token=token, generator=generator)
    with torch.no_grad():
        for parameter in shared.library.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return shared


def some(config: ViltConfig | MeterConfig, count: int) -> list[Architecture]:
    rng = random.Random(1)
    return [
        Architecture(
            tuple(rng.choice(CHOICES) for _ in config.sub_layers),
            rng.choice([None, PatchKeep(0.5, 1), PatchKeep(0.3, 1)]),
            classifier_token=isinstance(config, MeterConfig) and rng.random() < 0.5,
        )
        for _ in range(count)
    ]


@CONFIGS
def test_the_screen_equals_one_by_one(config: ViltConfig) -> None:
    network = network_of(config)
    shared, architectures, inputs = shared_student(network, token=True), some(config, 12), inputs_of(network)
    with torch.no_grad():
        found = screened(shared, architectures, inputs)
        for each, architecture in zip(found, architectures, strict=True):
            assert (each - shared.pooled(inputs, architecture)).abs().max() < 1e-6


def calls(network: Network, shared: SharedStudent, architectures: Sequence[Architecture], inputs: Inputs) -> int:
    with counted(network) as found, torch.no_grad():
        screened(shared, architectures, inputs)
    return sum(map(len, found.values()))


@CONFIGS
def test_a_shared_beginning_runs_once(config: ViltConfig) -> None:
    network = network_of(config)
    shared, inputs = shared_student(network), inputs_of(network)
    order = network.backbone.places(inputs.texts, inputs.images)
    full = Architecture.full(config.sub_layers)
    without_last = Architecture(tuple(Choice(p != order[-1]) for p in range(len(order))))
    assert calls(network, shared, [full, without_last, full], inputs) == len(order)
    without_first = Architecture(tuple(Choice(p != order[0]) for p in range(len(order))))
    assert calls(network, shared, [full, without_first], inputs) == 2 * len(order) - 1


@CONFIGS
def test_a_student_starts_as_the_shared_weights(config: ViltConfig) -> None:
    network = network_of(config)
    shared, inputs = shared_student(network, token=True), inputs_of(network)
    for architecture in some(config, 3):
        student = Student(network, architecture, TaskName.VQA, generator=torch.Generator().manual_seed(1), start=shared)
        with torch.no_grad():
            assert torch.equal(student.pooled(inputs), shared.pooled(inputs, architecture))
            assert torch.equal(student(inputs), shared(inputs, architecture))
        assert not {id(each) for each in student.parameters()} & {id(each) for each in shared.parameters()}


def test_shared_parts_start_as_the_shared_ones() -> None:
    network, inputs = network_of(TINY), inputs_of(network_of(TINY))
    for text in ("pha:4", "uniadapter:4"):
        full = Architecture.full(TINY.sub_layers, module=ModuleSpec.parse(text))
        shared = shared_student(network, full.choices[:1])
        student = Student(network, full, TaskName.VQA, generator=torch.Generator().manual_seed(1), start=shared)
        with torch.no_grad():
            assert torch.equal(student.pooled(inputs), shared.pooled(inputs, full))


def test_what_all_share_holds_a_module_for_each_choice_that_has_one() -> None:
    shared = shared_student(network_of(TINY), (*CHOICES, CHOICES[0]))
    for place in range(len(TINY.sub_layers)):
        held = [shared.at(place, choice) for choice in CHOICES]
        assert [module is None for module in held] == [False, True, True, False]
        assert held[0] is not held[3]
    assert len(shared.library.by_choice) == 2 * len(TINY.sub_layers)
    assert shared.library.classifier_token is None


def test_a_start_without_what_is_asked_for() -> None:
    network, shared = network_of(TINY_METER), shared_student(network_of(TINY_METER))
    full = Architecture.full(TINY_METER.sub_layers)
    for architecture, message in (
        (Architecture.full(TINY_METER.sub_layers, module=bottleneck(16)), "no module 'bottleneck:16' for text.0.msa"),
        (Architecture(full.choices, classifier_token=True), "the shared weights have none"),
    ):
        with pytest.raises(ValueError, match=message):
            Student(network, architecture, TaskName.VQA, generator=torch.Generator().manual_seed(0), start=shared)
