"""MACs in closed form against a counter of operators, parameters against the modules, for many architectures."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from models.architecture import Architecture, ModuleSpec
from models.batch import Batch
from models.cost import cost_model
from models.inputs import read_batch
from models.network import Network
from models.student import Student
from models.vilt_config import ViltConfig
from models.workload import TaskName, Workload
from tests.models.modules.test_every_kind import SPECS
from tests.models.test_dropping import random_architecture
from tests.networks import TINY, random_network


@contextmanager
def counted() -> Iterator[FlopCounterMode]:
    """Two FLOPs of the counter are one MAC; attention is counted where it runs as plain products."""
    with sdpa_kernel(SDPBackend.MATH), torch.no_grad(), FlopCounterMode(display=False) as counter:
        yield counter


@pytest.fixture(scope="module")
def network() -> Network:
    return random_network()


def student_for(network: Network, architecture: Architecture, task: TaskName) -> Student:
    return Student(network, architecture, task, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("task", TaskName)
def test_macs_equal_the_counter_on_random_architectures(network: Network, task: TaskName) -> None:
    images, texts = (2 if task is TaskName.NLVR2 else 1), 1
    workload = Workload(task=task, text_tokens=9, image_height=40, image_width=56, answers=len(network.answers))
    ids = torch.ones(1, texts, 9, dtype=torch.int64)
    batch = Batch(ids, ids, torch.zeros(1, images, 3, 40, 56), None, torch.zeros(1))
    cost = cost_model(network.config, workload)
    rng = random.Random(str(task))
    for _ in range(40):
        architecture = random_architecture(rng)
        student = student_for(network, architecture, task)
        with counted() as counter:
            student(read_batch(network.backbone, batch).all())
        assert cost.macs(architecture) == counter.get_total_flops() / 2, architecture


@pytest.mark.parametrize("text", SPECS)
def test_modules_cost_what_the_counter_says(network: Network, text: str) -> None:
    workload = Workload(task=TaskName.VQA, text_tokens=9, image_height=48, image_width=48, answers=len(network.answers))
    cost = cost_model(network.config, workload)
    architecture = Architecture.full(TINY.sub_layers, module=ModuleSpec.parse(text))
    student = student_for(network, architecture, TaskName.VQA)
    ids = torch.ones(1, 1, 9, dtype=torch.int64)
    with counted() as counter:
        student(read_batch(network.backbone, Batch(ids, ids, torch.zeros(1, 1, 3, 48, 48), None, torch.zeros(1))).all())
    assert cost.macs(architecture) == counter.get_total_flops() / 2
    assert cost.parameters(architecture).trainable == sum(parameter.numel() for parameter in student.parameters())


@pytest.mark.parametrize("task", TaskName)
def test_parameters_equal_the_modules(network: Network, task: TaskName) -> None:
    cost = cost_model(
        network.config,
        Workload(task=task, text_tokens=13, image_height=48, image_width=48, answers=len(network.answers)),
    )
    from models.vilt import Vilt

    rng = random.Random(7)
    for _ in range(20):
        architecture = random_architecture(rng)
        student = student_for(network, architecture, task)
        slim = Vilt(TINY, architecture)
        trainable = sum(parameter.numel() for parameter in student.parameters())
        pooler = sum(parameter.numel() for parameter in slim.pooler.parameters())
        total = sum(parameter.numel() for parameter in slim.parameters()) - pooler + trainable
        counted_parameters = cost.parameters(architecture)
        assert (counted_parameters.total, counted_parameters.trainable) == (total, trainable)


@pytest.mark.parametrize(("width", "published"), [(384, 16.69e9), (608, 24.73e9)])
def test_published_cost_of_vilt_on_vqa(width: int, published: float) -> None:
    """ViLT-B/32, 40 text tokens, 3129 answers: 117.6 M parameters, 16.69 and 24.73 GMACs."""
    config = ViltConfig()
    cost = cost_model(
        config, Workload(task=TaskName.VQA, text_tokens=40, image_height=384, image_width=width, answers=3129)
    )
    full = Architecture.full(config.sub_layers)
    assert cost.macs(full) == pytest.approx(published, rel=2e-3)
    assert cost.parameters(full).total == pytest.approx(117.6e6, rel=1e-3)
