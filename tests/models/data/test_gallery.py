"""A gallery has each image once and every text about it, in parts of any size."""

from pathlib import Path

import pytest
import torch

from models.batch import Split
from models.data.errors import BadExampleError
from models.data.gallery import Gallery, open_gallery, texts_of
from models.data.real import RealData
from models.data.skips import OnError
from models.shapes.dataset import ShapesData
from models.workload import TaskName
from tests.models.data.raw_world import CAPTION_SIZES, CAPTIONS, reading, write_captions


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("f30k")
    write_captions(folder, CAPTION_SIZES)
    return folder


def read(gallery: Gallery, size: int) -> tuple[list[tuple[int, ...]], list[int], int]:
    """The ids of all texts without padding, the image of each, and how many images came."""
    texts, owners, images = [], [], 0
    for batch in gallery.batches(size):
        assert len(batch) <= size
        ids, mask, rows = texts_of(batch)
        texts += [tuple(row[used.bool()].tolist()) for row, used in zip(ids, mask, strict=True)]
        owners += (rows + images).tolist()
        images += len(batch)
    return texts, owners, images


def test_every_caption_of_a_real_split_belongs_to_its_image(folder: Path) -> None:
    data = RealData.open(folder, TaskName.RETRIEVAL, reading())
    gallery = open_gallery(data, Split.TEST)
    texts, owners, images = read(gallery, 2)
    assert images == gallery.size == len({data.reader(Split.TEST).line(place)[0].key for place in range(len(texts))})
    assert len(texts) == data.sizes[Split.TEST]
    assert max(owners.count(image) for image in range(images)) <= CAPTIONS
    assert read(gallery, 100) == (texts, owners, images)
    by_image: dict[str, set[str]] = {}
    for place in range(data.sizes[Split.TEST]):
        record, line = data.reader(Split.TEST).line(place)
        by_image.setdefault(record.key, set()).add(line.text)
    for image, known in enumerate(by_image.values()):
        found = {text for text, owner in zip(texts, owners, strict=True) if owner == image}
        ids, mask = reading().tokens(sorted(known))
        assert found == {tuple(row[used.bool()].tolist()) for row, used in zip(ids, mask, strict=True)}


def test_pixels_are_the_images_own(folder: Path) -> None:
    data = RealData.open(folder, TaskName.RETRIEVAL, reading())
    (batch,) = open_gallery(data, Split.TEST, 2).batches(8)
    reader = data.reader(Split.TEST)
    first = reader.line(0)[0].key
    (pixels,), _ = reader.seen(reader.line(0)[0])
    assert torch.equal(batch.pixel_values[0, 0, :, : pixels.shape[1], : pixels.shape[2]], pixels)
    others = [place for place in range(len(reader)) if reader.line(place)[0].key != first]
    (pixels,), _ = reader.seen(reader.line(others[0])[0])
    assert torch.equal(batch.pixel_values[1, 0, :, : pixels.shape[1], : pixels.shape[2]], pixels)


def test_a_count_limits_the_images_not_their_texts(folder: Path) -> None:
    data = RealData.open(folder, TaskName.RETRIEVAL, reading())
    _, whole, _ = read(open_gallery(data, Split.TEST), 8)
    _, some, images = read(open_gallery(data, Split.TEST, 1), 8)
    assert (images, set(some), len(some)) == (1, {0}, whole.count(0))


def test_an_image_that_cannot_be_read_is_met_as_everywhere(folder: Path, tmp_path: Path) -> None:
    write_captions(tmp_path, CAPTION_SIZES)
    data = RealData.open(tmp_path, TaskName.RETRIEVAL, reading(), on_error=OnError.SKIP)
    reader = data.reader(Split.TEST)
    Path(reader.line(0)[0].images[0].name).write_bytes(b"no picture")
    _, owners, images = read(open_gallery(data, Split.TEST), 2)
    assert images == open_gallery(data, Split.TEST).size - 1
    assert set(owners) == set(range(images))
    assert sum(data.skips.counts.values()) > 0
    strict = RealData.open(tmp_path, TaskName.RETRIEVAL, reading())
    with pytest.raises(BadExampleError):
        read(open_gallery(strict, Split.TEST), 2)


def test_the_embedded_world_has_one_true_caption_an_image() -> None:
    data = ShapesData(TaskName.RETRIEVAL)
    gallery = open_gallery(data, Split.TEST, 5)
    texts, owners, images = read(gallery, 2)
    assert (images, owners) == (5, [0, 1, 2, 3, 4])
    batch = data.examples(Split.TEST, 5)
    for row, target in enumerate(batch.targets.tolist()):
        used = batch.attention_mask[row, target].bool()
        assert texts[row] == tuple(batch.input_ids[row, target][used].tolist())


def test_other_tasks_have_none() -> None:
    with pytest.raises(ValueError, match="needs data for retrieval"):
        open_gallery(ShapesData(TaskName.VQA), Split.TEST)
