"""Latency and peak memory of calls whose answer is known."""

import time

import pytest
import torch

from models.architecture import Architecture
from models.batch import Split
from models.datasets import open_data
from models.inputs import Inputs, read_batch
from models.measure import measure_latency, measure_peak_memory
from models.student import Student
from models.workload import TaskName
from tests.networks import random_network

CPU = torch.device("cpu")
MEGABYTE = 1_000_000


def test_latency_is_the_median_after_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    takes = iter([0.5, 0.5, *[0.01] * 9, 0.08])

    def call() -> None:
        nonlocal clock
        clock += next(takes)

    monkeypatch.setattr(time, "perf_counter", lambda: clock)
    latency = measure_latency(call, CPU, warmup=2, repeats=10)
    assert latency.median_ms == pytest.approx(10)
    assert latency.p90_ms == pytest.approx(17)  # a tenth of the way from 10 to 80
    assert latency.repeats == 10


def test_peak_memory_counts_what_lives_at_the_same_time() -> None:
    def call() -> None:
        first = torch.zeros(250_000)  # 1 MB of float32
        second = first + 1
        del first
        third = second + 1
        view = third[:10]
        del second, third
        assert view.sum() == 20

    assert measure_peak_memory(call, CPU) == pytest.approx(2 * MEGABYTE, abs=1000)


def test_weights_that_lie_there_do_not_count() -> None:
    weights = torch.zeros(1000, 1000)
    assert measure_peak_memory(lambda: weights.sum(), CPU) < 1000


def test_fewer_patches_need_less_memory() -> None:
    from models.architecture import PatchKeep

    network = random_network()
    batch = open_data("shapes-small", TaskName.VQA).examples(Split.TEST, 1)
    full = Architecture.full(network.config.sub_layers)
    peaks = []
    for patches in (None, PatchKeep(0.25, 0)):
        student = Student(
            network, Architecture(full.choices, patches), TaskName.VQA, generator=torch.Generator().manual_seed(0)
        )
        inputs = read_batch(network.backbone, batch).all()

        def call(student: Student = student, inputs: Inputs = inputs) -> None:
            with torch.inference_mode():
                student(inputs)

        peaks.append(measure_peak_memory(call, CPU))
    assert peaks[1] < 0.7 * peaks[0]
