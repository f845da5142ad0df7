"""The latency of exported models is that of what their accuracy was measured with."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks import quiet
from benchmarks.quiet import quiet_latencies
from models.architecture import Architecture, PatchKeep
from models.foreground.provider import ForegroundError
from models.foreground.saliency import Saliency
from models.patch_filter import choose_patches
from models.pixels import pixel_reading
from models.slim import export_slim
from models.student import Student
from models.workload import TaskName
from tests.networks import random_network


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "ROUNDS", 2)
    monkeypatch.setattr(quiet, "WARMUP", 1)


def exported(folder: Path, foreground: str, task: TaskName = TaskName.VQA) -> Path:
    network = random_network()
    architecture = Architecture(Architecture.full(network.config.sub_layers).choices, PatchKeep(0.5, 1))
    student = Student(network, architecture, task, generator=torch.Generator().manual_seed(0))
    pixels = pixel_reading("shapes", network.config)
    export_slim(folder, student, network=network, task=task, pixels=pixels, provenance={}, foreground=foreground)
    return folder


def test_a_model_that_asks_for_foreground_is_timed_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Tensor | None] = []

    def choose(real: Tensor, *, keep: PatchKeep, scores: Tensor, foreground: Tensor | None) -> Tensor:
        looked.append(foreground)
        return choose_patches(real, keep=keep, scores=scores, foreground=foreground)

    monkeypatch.setattr("models.patch_filter.choose_patches", choose)
    found = quiet_latencies({"alone": exported(tmp_path / "alone", "none")})
    assert found["alone"] > 0
    assert looked == [None] * 3
    looked.clear()
    quiet_latencies({"looks": exported(tmp_path / "looks", "saliency")})
    assert len(looked) == 3
    assert all(foreground is not None for foreground in looked)


def test_the_providers_time_counts_for_every_image_in_every_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    coverage = Saliency.coverage

    def counted(self: Saliency, *args: object) -> Tensor:
        asked.append(1)
        return coverage(self, *args)  # type: ignore[arg-type]  # counts calls; arguments pass through

    monkeypatch.setattr(Saliency, "coverage", counted)
    monkeypatch.setattr("models.foreground.look.Look.latency", Fixed())
    found = quiet_latencies({"nlvr2": exported(tmp_path / "nlvr2", "saliency", TaskName.NLVR2)})
    assert found["nlvr2"] > 2 * 1e6
    assert len(asked) == 2 * 3


class Fixed:
    """A latency that no network of a test has, in milliseconds."""

    median_ms = 1e6


def test_a_provider_that_is_not_here_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ForegroundError, match="no foreground 'boxes' here"):
        quiet_latencies({"boxes": exported(tmp_path / "boxes", "boxes")})
