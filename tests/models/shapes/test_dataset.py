"""The embedded world as task data: repeatable, disjoint by image, balanced."""

from itertools import combinations

import numpy as np
import pytest
import torch

from models.batch import Batch, Split
from models.shapes.baselines import baselines
from models.shapes.dataset import SIZES, ShapesData, pixel_tensor
from models.shapes.question import ANSWERS
from models.workload import TaskName


def pictures(batch: Batch) -> set[bytes]:
    return {image.numpy().tobytes() for image in batch.pixel_values.flatten(0, 1)}


@pytest.mark.parametrize("task", TaskName)
def test_the_same_call_gives_the_same_tensors(task: TaskName) -> None:
    one, two = (ShapesData(task).examples(Split.FITNESS, 16) for _ in range(2))
    for field in ("input_ids", "attention_mask", "pixel_values", "targets"):
        assert torch.equal(getattr(one, field), getattr(two, field))


@pytest.mark.parametrize("task", TaskName)
def test_fewer_examples_are_the_first_ones(task: TaskName) -> None:
    data = ShapesData(task)
    few, many = data.examples(Split.TEST, 4), data.examples(Split.TEST, 12)
    assert torch.equal(few.pixel_values, many.pixel_values[:4])
    assert torch.equal(few.input_ids, many.input_ids[:4])


@pytest.mark.parametrize(
    ("task", "texts", "images"), [(TaskName.VQA, 1, 1), (TaskName.NLVR2, 1, 2), (TaskName.RETRIEVAL, 8, 1)]
)
def test_shapes_and_types(task: TaskName, texts: int, images: int) -> None:
    batch = ShapesData(task).examples(Split.VALIDATION, 5)
    assert batch.input_ids.shape == batch.attention_mask.shape == (5, texts, 13)
    assert batch.pixel_values.shape == (5, images, 3, 48, 48)
    assert batch.pixel_values.dtype == torch.float32
    assert -1.0 <= batch.pixel_values.min() < batch.pixel_values.max() <= 1.0
    assert batch.targets.shape == ((5, len(ANSWERS)) if task is TaskName.VQA else (5,))


@pytest.mark.parametrize("task", TaskName)
def test_no_image_is_in_two_splits(task: TaskName) -> None:
    """A scene decides its image: whole splits are compared by their scenes, the first of each by their pixels."""
    data = ShapesData(task)
    scenes = {split: {scene for example in data.drawn(split) for scene in example.scenes} for split in Split}
    images = {split: pictures(data.examples(split, 50)) for split in Split}
    for one, other in combinations(Split, 2):
        assert not scenes[one] & scenes[other]
        assert not images[one] & images[other]
    assert all(len(found) >= SIZES[split] for split, found in scenes.items())


def test_tasks_share_no_image() -> None:
    seen = [pictures(ShapesData(task).examples(Split.TRAIN, 100)) for task in TaskName]
    assert len(set.union(*seen)) == sum(map(len, seen))


def test_another_seed_is_another_world() -> None:
    one, two = (pictures(ShapesData(TaskName.VQA, seed=seed).examples(Split.TRAIN, 50)) for seed in (0, 1))
    assert not one & two


def test_more_examples_than_there_are_is_an_error() -> None:
    with pytest.raises(ValueError, match="2049 examples asked of validation; shapes 'vqa' has 2048"):
        ShapesData(TaskName.VQA).examples(Split.VALIDATION, 2049)


@pytest.mark.parametrize(
    ("task", "chance", "majority", "text_only"),
    [(TaskName.VQA, 0.036, 0.15, 0.40), (TaskName.NLVR2, 0.5, 0.54, 0.55), (TaskName.RETRIEVAL, 0.125, 0.16, 0.18)],
)
def test_little_can_be_had_without_looking(task: TaskName, chance: float, majority: float, text_only: float) -> None:
    found = baselines(ShapesData(task), Split.TEST, 1000)
    assert found.chance == pytest.approx(chance, abs=1e-3)
    assert found.majority <= majority
    assert found.text_only <= text_only


def test_pixels_are_normalised_as_vilt_wants_them() -> None:
    image = np.array([[[0, 51, 255]]], dtype=np.uint8)
    assert pixel_tensor([image]).flatten().tolist() == pytest.approx([-1.0, -0.6, 1.0])
