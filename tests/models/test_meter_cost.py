"""METER's MACs in closed form against a counter of operators, its parameters against the modules, and as published."""

import random

import pytest
import torch

from models.architecture import Architecture, Choice, ModuleSpec, PatchKeep, PatchMode, Stack, SubLayer, bottleneck
from models.batch import Batch
from models.cost import cost_model
from models.costs.meter_cost import MeterCost
from models.inputs import read_batch
from models.meter import Meter
from models.meter_config import MeterConfig
from models.network import Network
from models.student import Student
from models.workload import TaskName, Workload
from tests.models.meter_runs import random_architecture
from tests.models.test_cost import counted, student_for
from tests.networks import TINY_METER, random_network

PUBLISHED = MeterConfig()


@pytest.fixture(scope="module")
def network() -> Network:
    return random_network(TINY_METER)


def workload(network: Network, task: TaskName) -> Workload:
    return Workload(task=task, text_tokens=9, image_height=48, image_width=48, answers=len(network.answers))


@pytest.mark.parametrize("task", TaskName)
def test_macs_equal_the_counter_on_random_architectures(network: Network, task: TaskName) -> None:
    ids = torch.ones(1, 1, 9, dtype=torch.int64)
    images = 2 if task is TaskName.NLVR2 else 1
    batch = Batch(ids, ids, torch.zeros(1, images, 3, 48, 48), None, torch.zeros(1))
    cost = cost_model(network.config, workload(network, task))
    rng = random.Random(str(task))
    for _ in range(40):
        architecture = random_architecture(rng)
        student = student_for(network, architecture, task)
        with counted() as counter:
            inputs = read_batch(network.backbone, batch).all()
            student(inputs)
        assert cost.macs(architecture) == counter.get_total_flops() / 2, architecture


@pytest.mark.parametrize("task", TaskName)
def test_parameters_equal_the_modules(network: Network, task: TaskName) -> None:
    cost = cost_model(network.config, workload(network, task))
    rng = random.Random(7)
    for _ in range(20):
        architecture = random_architecture(rng)
        student: Student = student_for(network, architecture, task)
        slim = Meter(TINY_METER, architecture)
        trainable = sum(parameter.numel() for parameter in student.parameters())
        pooler = sum(parameter.numel() for parameter in slim.pooler.parameters())
        total = sum(parameter.numel() for parameter in slim.parameters()) - pooler + trainable
        found = cost.parameters(architecture)
        assert (found.total, found.trainable) == (total, trainable)


@pytest.mark.parametrize("module", ["bottleneck:4", "lora:4", "routing-lora:4:mul", "vfpt:4", "mma:4", "vl-pet:4:full"])
def test_modules_cost_what_the_counter_says(network: Network, module: str) -> None:
    architecture = Architecture.full(TINY_METER.sub_layers, module=ModuleSpec.parse(module))
    ids = torch.ones(1, 1, 9, dtype=torch.int64)
    batch = Batch(ids, ids, torch.zeros(1, 1, 3, 48, 48), None, torch.zeros(1))
    student = student_for(network, architecture, TaskName.VQA)
    cost = cost_model(network.config, workload(network, TaskName.VQA))
    with counted() as counter:
        student(read_batch(network.backbone, batch).all())
    assert cost.macs(architecture) == counter.get_total_flops() / 2
    trainable = sum(parameter.numel() for parameter in student.parameters())
    assert cost.parameters(architecture).trainable == trainable


def published(text_tokens: int, pixels: int = 384) -> MeterCost:
    sizes = {"text_tokens": text_tokens, "image_height": pixels, "image_width": pixels}
    return MeterCost(PUBLISHED, Workload(task=TaskName.VQA, answers=3129, **sizes))


FULL = Architecture.full(PUBLISHED.sub_layers)


@pytest.mark.parametrize(
    ("text_tokens", "pixels", "gmacs"), [(40, 384, 93.13), (50, 384, 94.69), (50, 288, 54.33), (50, 576, 228.26)]
)
def test_macs_of_vqa_are_the_measured_ones(text_tokens: int, pixels: int, gmacs: float) -> None:
    assert published(text_tokens, pixels).macs(FULL) / 1e9 == pytest.approx(gmacs, abs=0.005)


def test_parameters_of_vqa_are_the_counted_ones() -> None:
    """The count of 326.65 M includes tensors of the checkpoint that no forward pass reads."""
    unused = 768 * 769 + 77 * 512 + 2 * 512  # RoBERTa's pooler; CLIP's text positions and last norm
    assert (published(50).parameters(FULL).total + unused) / 1e6 == pytest.approx(326.65, abs=0.005)


def layer(cost: MeterCost, stack: Stack) -> list[float]:
    """GMACs of the sub-layers of a stack's first block: what dropping each saves."""
    saved = []
    for place in PUBLISHED.places(stack, 0):
        choices = [Choice(keep=index != place) for index in range(len(FULL.choices))]
        saved.append((cost.macs(FULL) - cost.macs(Architecture(tuple(choices)))) / 1e9)
    return saved


def test_macs_of_a_layer_are_the_measured_ones() -> None:
    assert layer(published(50), Stack.IMAGE) == pytest.approx([1.873, 0.784, 2.723], abs=6e-4)
    assert layer(published(50), Stack.TEXT) == pytest.approx([0.122, 0.784, 0.236], abs=6e-4)
    assert layer(published(40), Stack.IMAGE) == pytest.approx([1.873, 0.763, 2.723], abs=6e-4)
    assert layer(published(40), Stack.TEXT) == pytest.approx([0.097, 0.763, 0.189], abs=6e-4)
    assert sum(layer(published(50), Stack.VISION)) == pytest.approx(4.595, abs=6e-4)
    assert sum(layer(published(50), Stack.LANGUAGE)) == pytest.approx(0.358, abs=6e-4)


def das(skipped: set[tuple[Stack, int]]) -> Architecture:
    """DAS's network: an adapter of 96 beside each fusion sub-layer, one of 288 in a skipped layer's place."""

    def choice(gene: SubLayer) -> Choice:
        if gene.stack not in (Stack.TEXT, Stack.IMAGE):
            return Choice()
        if (gene.stack, gene.block) not in skipped:
            return Choice(True, bottleneck(96))
        return Choice(False, bottleneck(288), bare=True) if gene.kind == "msa" else Choice(keep=False)

    return Architecture(tuple(choice(gene) for gene in PUBLISHED.sub_layers), classifier_token=True)


def test_adapters_cost_what_das_publishes() -> None:
    cost = published(40)
    assert (cost.macs(das(set())) - cost.macs(FULL)) / 1e9 == pytest.approx(1.64, abs=0.005)
    base = cost.parameters(FULL).trainable + 768
    assert cost.parameters(das(set())).trainable - base == 5_394_816
    two_and_two = {(stack, depth) for stack in (Stack.TEXT, Stack.IMAGE) for depth in (1, 4)}
    assert cost.parameters(das(two_and_two)).trainable - base == 5_376_384


@pytest.mark.parametrize(("images", "percent"), [(0, -2.75), (1, -7.37), (2, -12.00), (3, -16.63), (4, -21.26)])
def test_skipping_four_layers_saves_what_das_publishes(images: int, percent: float) -> None:
    """-11.97 % in the paper, which is two layers of each stream, against METER without adapters."""
    skipped = {(Stack.IMAGE, depth) for depth in range(images)} | {(Stack.TEXT, depth) for depth in range(4 - images)}
    cost = published(40)
    assert 100 * (cost.macs(das(skipped)) / cost.macs(FULL) - 1) == pytest.approx(percent, abs=0.005)


@pytest.mark.parametrize(("mode", "counts"), [(PatchMode.IPF, True), (PatchMode.SCORE_ONLY, False)])
def test_a_foreground_provider_is_counted_where_it_is_asked(mode: PatchMode, counts: bool) -> None:
    given = Workload(task=TaskName.NLVR2, text_tokens=9, image_height=48, image_width=48)
    looking = Workload(
        task=TaskName.NLVR2,
        text_tokens=9,
        image_height=48,
        image_width=48,
        foreground_macs=1000,
        foreground_parameters=10,
    )
    full = Architecture.full(TINY_METER.sub_layers)
    filtered = Architecture(full.choices, PatchKeep(0.5, 2, mode))
    without, with_it = MeterCost(TINY_METER, given), MeterCost(TINY_METER, looking)
    assert with_it.macs(full) == without.macs(full)
    assert with_it.macs(filtered) - without.macs(filtered) == (2000 if counts else 0)  # two images
    more = with_it.parameters(filtered).total - without.parameters(filtered).total
    assert more == (10 if counts else 0)
