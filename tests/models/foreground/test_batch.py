"""The foreground of batches: of the embedded world, of pairs of images, and of padded canvases."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.batch import Batch, Split
from models.foreground.batch import batch_foreground
from models.foreground.boxes_file import CachedBoxes
from models.foreground.coverage import BoxForeground
from models.foreground.provider import Box, ForegroundError, Grid, Picture
from models.foreground.saliency import Saliency
from models.foreground.shapes_truth import image_ids, true_boxes
from models.shapes.dataset import ShapesData
from models.shapes.patch_targets import PATCH_SIZE, patch_targets
from models.workload import TaskName


@pytest.mark.parametrize(("task", "images"), [(TaskName.VQA, 1), (TaskName.NLVR2, 2), (TaskName.RETRIEVAL, 1)])
def test_true_boxes_lie_on_the_things(task: TaskName, images: int) -> None:
    data = ShapesData(task, seed=3)
    ids = image_ids(data, Split.TEST, 20)
    provider = BoxForeground(CachedBoxes(dict(true_boxes(data, Split.TEST, 20))))
    covered = batch_foreground(provider, data.examples(Split.TEST, 20), patch_size=PATCH_SIZE, image_ids=ids)
    assert covered.shape == (20, images, 36)
    for example, row in zip(data.drawn(Split.TEST, 20), covered, strict=True):
        for scene, share in zip(example.scenes, row, strict=True):
            shows = torch.from_numpy(patch_targets(scene, ()).shape > 0)
            assert shows[share >= 0.5].all()
            assert not share[~shows].ge(0.35).any()
    assert covered.ge(0.5).any(-1).float().mean() > 0.8


def test_names_tell_seeds_and_splits_apart() -> None:
    names = {
        name
        for seed in (0, 1)
        for split in Split
        for task in TaskName
        for several in image_ids(ShapesData(task, seed=seed), split, 2)
        for name in several
    }
    assert len(names) == 2 * len(Split) * (2 + 4 + 2)
    assert "shapes/0/nlvr2/test/1/0" in names


def two_sizes() -> Batch:
    """Grey canvases of 16 x 24: the first picture is 16 x 24 with a white patch, the second 8 x 16 with padding."""
    pixels, mask = torch.zeros(2, 1, 3, 16, 24), torch.ones(2, 1, 16, 24, dtype=torch.bool)
    pixels[0, :, :, 8:, 16:] = 1.0
    mask[1, 0, 8:], mask[1, 0, :, 16:] = False, False
    ids = torch.zeros(2, 1, 3, dtype=torch.int64)
    return Batch(ids, ids, pixels, mask, torch.zeros(2, 2))


def test_saliency_sees_the_pixels_and_no_padding() -> None:
    covered = batch_foreground(Saliency(), two_sizes(), patch_size=8, image_ids=[["a"], ["b"]])
    assert covered.tolist() == [[[0, 0, 0, 0, 0, 1]], [[0, 0, 0, 0, 0, 0]]]


def test_boxes_do_not_leak_into_padding() -> None:
    boxes = [Box(0, 0, 99, 99)]
    provider = BoxForeground(CachedBoxes({"a": boxes, "b": boxes}))
    covered = batch_foreground(provider, two_sizes(), patch_size=8, image_ids=[["a"], ["b"]])
    assert covered.tolist() == [[[1] * 6], [[1, 1, 0, 0, 0, 0]]]


def test_pixels_come_back_as_they_were() -> None:
    seen: list[NDArray[np.uint8]] = []

    class Camera(Saliency):
        def coverage(self, pictures: Sequence[Picture], grid: Grid) -> Tensor:
            seen.extend(picture.pixels for picture in pictures)
            return super().coverage(pictures, grid)

    levels = torch.arange(256).repeat(3).view(1, 1, 16, 16, 3).permute(0, 1, 4, 2, 3)
    mean, std = (0.1, 0.5, 0.9), (0.2, 0.3, 0.25)
    pixels = (levels / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    ids = torch.zeros(1, 1, 3, dtype=torch.int64)
    batch = Batch(ids, ids, pixels, None, torch.zeros(1, 2))
    batch_foreground(Camera(), batch, patch_size=8, image_ids=[["a"]], mean=mean, std=std)
    assert torch.equal(torch.from_numpy(seen[0]).permute(2, 0, 1).long(), levels[0, 0])


def test_an_image_without_a_name() -> None:
    for names in ([["a"]], [["a"], []], [["a"], ["b", "c"]]):
        with pytest.raises(ForegroundError, match="names of 2 x 1 images"):
            batch_foreground(Saliency(), two_sizes(), patch_size=8, image_ids=names)
