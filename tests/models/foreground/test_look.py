"""Looking while pictures are read: each picture once, at its own place on the canvas."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from models.batch import Split
from models.data.batching import batch_of
from models.data.example_reader import Example
from models.data.folders import DataFolders
from models.data.transforms import Geometry
from models.datasets import open_data
from models.foreground.batch import batch_foreground
from models.foreground.boxes_file import CachedBoxes
from models.foreground.coverage import BoxForeground
from models.foreground.look import Look
from models.foreground.provider import Box, Grid, Picture
from models.foreground.saliency import Saliency
from models.foreground.shapes_truth import true_boxes
from models.shapes.dataset import ShapesData
from models.workload import TaskName
from tests.models.data import raw_world


class Noting:
    """Covers everything, and notes whom it was asked about."""

    parameters = 0

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[int, ...], Geometry]] = []

    def macs(self, height: int, width: int) -> int:
        return 0

    def coverage(self, pictures: Sequence[Picture], grid: Grid) -> Tensor:
        self.asked += [(each.image_id, each.pixels.shape, each.geometry) for each in pictures]
        return torch.ones(len(pictures), grid.rows * grid.columns)


@pytest.mark.parametrize("task", TaskName)
def test_the_embedded_world_is_seen_as_its_pixels_are(task: TaskName) -> None:
    """The same coverage as of a finished batch, for the first examples and for any others in any order."""
    plain = ShapesData(task)
    provider = BoxForeground(CachedBoxes(dict(true_boxes(plain, Split.FITNESS, 6))))
    seeing = ShapesData(task, look=Look(provider, 8))
    batch = seeing.examples(Split.FITNESS, 6)
    expected = batch_foreground(provider, batch, patch_size=8, image_ids=plain.image_ids(Split.FITNESS, 6))
    assert batch.foreground is not None
    assert torch.equal(batch.foreground, expected)
    (some,) = seeing.batches(Split.FITNESS, batch_size=3, order=[4, 0, 4])
    assert some.foreground is not None
    assert torch.equal(some.foreground, expected[[4, 0, 4]])
    assert torch.equal(some.pixel_values, batch.pixel_values[[4, 0, 4]])
    assert torch.equal(some.targets, batch.targets[[4, 0, 4]])
    assert plain.examples(Split.FITNESS, 2).foreground is None


def test_real_pictures_are_seen_once_each_as_they_are_stored(tmp_path: Path) -> None:
    raw_world.write_vqa(tmp_path / "vqa", raw_world.VQA_SIZES)
    provider = Noting()
    look = Look(provider, 8)
    folders = DataFolders(tmp_path)
    data = open_data("vqa", TaskName.VQA, folders=folders, reading=raw_world.reading(), look=look)
    batch = data.examples(Split.VALIDATION)
    assert batch.foreground is not None
    names = [name for name, _, _ in provider.asked]
    assert len(set(names)) == len(names) < len(batch)  # several questions about each image
    assert all(name.isdecimal() for name in names)
    for _, shape, geometry in provider.asked:
        assert geometry.scale == (geometry.width / shape[1], geometry.height / shape[0])
    height, width = batch.pixel_values.shape[-2:]
    assert batch.foreground.shape == (len(batch), 1, height // 8 * (width // 8))
    mask = torch.ones(len(batch), 1, height, width, dtype=torch.bool) if batch.pixel_mask is None else batch.pixel_mask
    assert torch.equal(batch.foreground.bool(), mask[..., ::8, ::8].flatten(2))  # padding is no foreground


def test_pairs_of_images_have_names_of_their_own(tmp_path: Path) -> None:
    raw_world.write_nlvr2(tmp_path / "nlvr2", raw_world.NLVR2_SIZES)
    provider = Noting()
    reading = raw_world.reading()
    look = Look(provider, 8)
    data = open_data("nlvr2", TaskName.NLVR2, folders=DataFolders(tmp_path), reading=reading, look=look)
    foreground = data.examples(Split.TEST).foreground
    assert foreground is not None
    assert foreground.shape[1] == 2
    names = sorted(name for name, _, _ in provider.asked)
    assert names[:2] == ["test1-0-0-img0", "test1-0-0-img1"]
    assert len(names) == 2 * 2 * raw_world.NLVR2_SIZES["test1"]


def test_a_batch_keeps_the_grid_of_its_largest_canvas() -> None:
    texts = torch.zeros(1, 4, dtype=torch.int64)
    wide, high = torch.full((1, 3), 0.5), torch.full((2, 1), 0.25)
    examples = [
        Example(texts, texts, (torch.ones(3, 8 * grid.shape[0], 8 * grid.shape[1]),), torch.tensor(0), (grid,))
        for grid in (wide, high)
    ]
    foreground = batch_of(examples).foreground
    assert foreground is not None
    assert foreground.view(2, 2, 3).tolist() == [
        [[0.5, 0.5, 0.5], [0, 0, 0]],
        [[0.25, 0, 0], [0.25, 0, 0]],
    ]


def test_time_is_that_of_one_picture() -> None:
    ticks = count()
    times = [0.0, 0.002, 1.0, 1.004, 2.0, 2.010]
    look = Look(Saliency(), 8, clock=lambda: times[next(ticks)])
    pixels, geometry = np.zeros((16, 16, 3), np.uint8), Geometry(16, 16, (1.0, 1.0))
    with pytest.raises(ValueError, match="no picture was looked at"):
        _ = look.latency
    for name in ("a", "b", "a", "c", "b"):
        look(name, pixels, geometry)
    assert look.latency is not None
    assert look.latency.median_ms == pytest.approx(4.0)
    assert look.latency.repeats == 3


@pytest.mark.parametrize("milliseconds", [None, 12.5])
def test_looking_boxes_up_is_not_how_long_they_took_to_find(milliseconds: float | None) -> None:
    look = Look(BoxForeground(CachedBoxes({"a": []}, milliseconds=milliseconds)), 8)
    look("a", np.zeros((16, 16, 3), np.uint8), Geometry(16, 16, (1.0, 1.0)))
    found = look.latency
    assert (None if found is None else (found.median_ms, found.p90_ms)) == (milliseconds and (12.5, 12.5))


def test_boxes_move_with_the_picture() -> None:
    """A box over the left half of a picture that is squeezed to a quarter of its width covers the left column."""
    provider = BoxForeground(CachedBoxes({"wide": [Box(0, 0, 32, 16)]}))
    pixels = np.zeros((16, 64, 3), np.uint8)
    covered = Look(provider, 8)("wide", pixels, Geometry(16, 16, (0.25, 1.0)))
    assert covered.tolist() == [[1.0, 0.0], [1.0, 0.0]]
