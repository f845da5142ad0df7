"""Examples as people see them become tensors that the rest takes for any other data."""

import pytest
import torch
from PIL import Image

from models.batch import Split
from models.data.errors import DataError
from models.data.plain import PlainData, PlainExample
from models.data.reading import Reading
from models.pixels import Frame, PixelReading
from models.shapes.tokenizer import load_tokenizer
from models.workload import TaskName

SIZES = dict.fromkeys(Split, 5)


def reading(*answers: str) -> Reading:
    transform = PixelReading.of(Frame.SQUARE, 16)
    return Reading(tokenizer=load_tokenizer(), text_tokens=13, transform=transform, answers=answers)


def made(split: Split, place: int, *, images: int = 1, answer: str = "blue") -> PlainExample:
    grey = 40 * (place + 1) if split is Split.TRAIN else 0
    pictures = tuple(Image.new("RGB", (20, 30), (grey, grey, at)) for at in range(images))
    return PlainExample("what color is the thing", pictures, answer)


def test_vqa() -> None:
    data = PlainData(TaskName.VQA, reading("red", "blue"), sizes=SIZES, make=made)
    batch = data.examples(Split.TRAIN, 3)
    assert batch.input_ids.shape == batch.attention_mask.shape == (3, 1, 13)
    assert batch.pixel_values.shape == (3, 1, 3, 16, 16)
    assert batch.pixel_mask is None
    assert batch.foreground is None
    assert batch.targets.tolist() == [[0.0, 1.0]] * 3
    assert data.answers == ("red", "blue")
    means = batch.pixel_values.mean(dim=(1, 2, 3, 4))
    assert means.tolist() == sorted(means.tolist())


def test_two_images() -> None:
    def pair(split: Split, place: int) -> PlainExample:
        return made(split, place, images=2, answer="true")

    batch = PlainData(TaskName.NLVR2, reading(), sizes=SIZES, make=pair).examples(Split.TEST)
    assert batch.pixel_values.shape == (5, 2, 3, 16, 16)
    assert batch.targets.tolist() == [1] * 5
    assert batch.targets.dtype == torch.int64


def test_a_stream_in_any_order() -> None:
    data = PlainData(TaskName.VQA, reading("red", "blue"), sizes=SIZES, make=made)
    whole = data.examples(Split.TRAIN)
    first, second = data.batches(Split.TRAIN, batch_size=2, order=[4, 0, 4])
    assert torch.equal(first.pixel_values, whole.pixel_values[[4, 0]])
    assert torch.equal(second.pixel_values, whole.pixel_values[[4]])


def test_what_is_wrong_with_an_example() -> None:
    sizes, colors = SIZES, reading("red")
    with pytest.raises(DataError, match=r"vqa/train/0 has the answer 'blue', which is none of: red"):
        PlainData(TaskName.VQA, colors, sizes=sizes, make=made).examples(Split.TRAIN)
    with pytest.raises(DataError, match=r"nlvr2/train/0 has 1 image\(s\); nlvr2 has 2"):
        PlainData(TaskName.NLVR2, colors, sizes=sizes, make=made).examples(Split.TRAIN)
    with pytest.raises(DataError, match=r"6 examples asked of test; it has 5"):
        PlainData(TaskName.VQA, colors, sizes=sizes, make=made).examples(Split.TEST, 6)
    with pytest.raises(DataError, match="retrieval needs several"):
        PlainData(TaskName.RETRIEVAL, colors, sizes=sizes, make=made)
