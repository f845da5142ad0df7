"""MACs in closed form against a counter of operators, parameters against the modules, for many architectures."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from models.architecture import Architecture
from models.cost import CostModel
from models.network import Network
from models.student import Student, embed_batch
from models.vilt_config import ViltConfig
from models.workload import TaskName, Workload
from tests.models.test_dropping import random_architecture
from tests.networks import random_network


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
    from models.batch import Batch

    images, texts = (2 if task is TaskName.NLVR2 else 1), 1
    workload = Workload(task=task, text_tokens=9, image_height=40, image_width=56, answers=len(network.answers))
    ids = torch.ones(1, texts, 9, dtype=torch.int64)
    batch = Batch(ids, ids, torch.zeros(1, images, 3, 40, 56), None, torch.zeros(1))
    cost = CostModel(network.config, workload)
    rng = random.Random(str(task))
    for _ in range(40):
        architecture = random_architecture(rng)
        student = student_for(network, architecture, task)
        with counted() as counter:
            student(*embed_batch(network.backbone, batch))
        assert cost.macs(architecture) == counter.get_total_flops() / 2, architecture


@pytest.mark.parametrize("task", TaskName)
def test_parameters_equal_the_modules(network: Network, task: TaskName) -> None:
    cost = CostModel(
        network.config,
        Workload(task=task, text_tokens=13, image_height=48, image_width=48, answers=len(network.answers)),
    )
    from models.vilt import Vilt

    rng = random.Random(7)
    for _ in range(20):
        architecture = random_architecture(rng)
        student = student_for(network, architecture, task)
        slim = Vilt(network.config, architecture)
        trainable = sum(parameter.numel() for parameter in student.parameters())
        pooler = sum(parameter.numel() for parameter in slim.pooler.parameters())
        total = sum(parameter.numel() for parameter in slim.parameters()) - pooler + trainable
        counted_parameters = cost.parameters(architecture)
        assert (counted_parameters.total, counted_parameters.trainable) == (total, trainable)


@pytest.mark.parametrize(("width", "published"), [(384, 16.69e9), (608, 24.73e9)])
def test_published_cost_of_vilt_on_vqa(width: int, published: float) -> None:
    """ViLT-B/32, 40 text tokens, 3129 answers: 117.6 M parameters, 16.69 and 24.73 GMACs."""
    config = ViltConfig()
    cost = CostModel(
        config, Workload(task=TaskName.VQA, text_tokens=40, image_height=384, image_width=width, answers=3129)
    )
    full = Architecture.full(config.sub_layers)
    assert cost.macs(full) == pytest.approx(published, rel=2e-3)
    assert cost.parameters(full).total == pytest.approx(117.6e6, rel=1e-3)
