"""The score matrix equals every pair scored alone; recall of a matrix that is known."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.architecture import Architecture, Choice, PatchKeep, Stack, bottleneck
from models.batch import Batch, Split
from models.data.gallery import Gallery, open_gallery, texts_of
from models.data.real import RealData
from models.data.transforms import vilt_transform
from models.inputs import NOTHING, Inputs, Prefix
from models.network import Network
from models.shapes.dataset import ShapesData
from models.student import Student
from models.workload import TaskName
from tests.models.data.raw_world import CAPTION_SIZES, reading, write_captions
from tests.networks import TINY, TINY_METER, random_network
from workers import retrieval
from workers.retrieval import read_gallery, retrieval_metrics, score_matrix

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def world() -> Gallery:
    return open_gallery(ShapesData(TaskName.RETRIEVAL), Split.TEST, 5)


def student_of(network: Network) -> Student:
    """Sub-layers dropped here and there, patches dropped at the last place."""
    choices = tuple(
        Choice() if each.stack in (Stack.VISION, Stack.LANGUAGE) else Choice(place % 4 != 1, bottleneck(4))
        for place, each in enumerate(network.config.sub_layers)
    )
    architecture = Architecture(choices, PatchKeep(0.5, network.config.patch_places))
    return Student(network, architecture, TaskName.RETRIEVAL, generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
def brute_force(student: Student, gallery: Gallery) -> tuple[Tensor, list[int]]:
    """Each image and each text read alone, and each pair passed alone."""
    backbone, rows, owners = student.backbone, list[list[float]](), list[int]()
    (batch,) = gallery.batches(100)
    ids, mask, own = texts_of(batch)
    owners = own.tolist()
    for image in range(len(batch)):
        pixels, valid = batch.pixel_values[image], None
        if batch.pixel_mask is not None:
            height, width = (int(batch.pixel_mask[image, 0].any(side).sum()) for side in (1, 0))
            pixels, valid = pixels[:, :, :height, :width], None
        seen = backbone.read_images(pixels, valid, blocks=0)
        pairs = [
            Inputs(backbone.read_texts(ids[t : t + 1], mask[t : t + 1], blocks=0), seen, 1) for t in range(len(ids))
        ]
        rows.append([student(pair).item() for pair in pairs])
    return torch.tensor(rows), owners


@pytest.mark.parametrize("config", [TINY, TINY_METER], ids=["vilt", "meter"])
def test_the_matrix_equals_every_pair_alone(world: Gallery, config: object) -> None:
    network = random_network(config)  # type: ignore[arg-type]  # one of two
    student = student_of(network)
    expected, owners = brute_force(student, world)
    for prefix in (NOTHING, Prefix()):
        read = read_gallery(network.backbone, world, prefix, device=CPU)
        assert read.image_of_text.tolist() == owners
        for rows in (3, 1000):
            scores = score_matrix(student, read.texts, read.images, rows=rows)
            torch.testing.assert_close(scores, expected, rtol=1e-3, atol=1e-4)


def test_real_images_of_several_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in parts with canvases of their own; some images with fewer captions than others."""
    write_captions(tmp_path, CAPTION_SIZES)
    config = replace(TINY, image_size=32, patch_size=8, vocabulary=64)
    network = random_network(config)
    texts = reading(transform=partial(vilt_transform, shorter=32))
    gallery = open_gallery(RealData.open(tmp_path, TaskName.RETRIEVAL, texts), Split.TRAIN, 4)
    student = student_of(network)
    expected, owners = brute_force(student, gallery)
    monkeypatch.setattr(retrieval, "CHUNK", 1)
    monkeypatch.setattr(retrieval, "ON_DEVICE", 0)
    read = read_gallery(network.backbone, gallery, NOTHING, device=CPU)
    assert read.image_of_text.tolist() == owners
    scores = score_matrix(student, read.texts, read.images, rows=7)
    torch.testing.assert_close(scores, expected, rtol=1e-3, atol=1e-4)


def test_progress_is_told_pass_by_pass(world: Gallery) -> None:
    network = random_network()
    read = read_gallery(network.backbone, world, NOTHING, device=CPU)
    told: list[tuple[int, int]] = []
    score_matrix(
        student_of(network), read.texts, read.images, rows=10, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(10, 25), (20, 25), (25, 25)]


def test_each_image_and_text_is_read_once(world: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    network, rows = random_network(), dict[str, int]()

    def counted(name: str) -> None:
        read = getattr(network.backbone, name)

        def reads(first: Tensor, *rest: object, **named: object) -> object:
            rows[name] = rows.get(name, 0) + len(first)
            return read(first, *rest, **named)

        monkeypatch.setattr(network.backbone, name, reads)

    counted("read_texts")
    counted("read_images")
    read = read_gallery(network.backbone, world, NOTHING, device=CPU)
    score_matrix(student_of(network), read.texts, read.images, rows=4)
    assert rows == {"read_texts": 5, "read_images": 5}


def test_recall_of_a_known_matrix() -> None:
    """Two images, three texts: 0 and 1 are of image 0, 2 of image 1."""
    scores = torch.tensor([[0.9, 0.1, 0.8], [0.2, 0.3, 0.1]])
    found = retrieval_metrics(scores, torch.tensor([0, 0, 1]))
    assert found == {
        "tr_at_1": 0.5,  # image 0 finds text 0; image 1 finds text 1
        "tr_at_5": 1.0,
        "tr_at_10": 1.0,
        "ir_at_1": pytest.approx(1 / 3),  # text 0 alone finds its image
        "ir_at_5": 1.0,
        "ir_at_10": 1.0,
    }


@dataclass(frozen=True)
class Nothing:
    size: int = 2

    def batches(self, size: int) -> Iterator[Batch]:
        yield from ()


def test_a_gallery_without_a_readable_image_is_refused() -> None:
    with pytest.raises(ValueError, match="none of the 2 images of the gallery can be read"):
        read_gallery(random_network().backbone, Nothing(), NOTHING, device=CPU)
