"""The stream that pre-training reads."""

import torch

from models.batch import Split
from models.shapes.dataset import ShapesData
from models.shapes.stream import IGNORED, Mixture, PretrainingStream
from models.shapes.tokenizer import MASK, SPECIAL, words
from models.workload import TaskName

MIXTURE = Mixture(questions=3, captions=2, masked=4, pairs=2)


def test_a_batch_is_a_function_of_seed_and_number() -> None:
    one, again = (PretrainingStream(7, MIXTURE)[3] for _ in range(2))
    for field in ("input_ids", "attention_mask", "pixels", "answers", "truths", "words", "patches"):
        assert torch.equal(getattr(one, field), getattr(again, field))
    assert not torch.equal(one.pixels, PretrainingStream(7, MIXTURE)[4].pixels)
    assert not torch.equal(one.pixels, PretrainingStream(8, MIXTURE)[3].pixels)


def test_rows_are_in_the_order_of_the_mixture() -> None:
    batch = PretrainingStream(0, MIXTURE)[0]
    assert len(batch.input_ids) == len(batch.pixels) == len(batch.patches) == MIXTURE.rows == 15
    assert torch.equal(batch.pixels[3], batch.pixels[4])  # a true and a false caption of one image
    assert not torch.equal(batch.input_ids[3], batch.input_ids[4])
    assert torch.equal(batch.input_ids[11], batch.input_ids[13])  # one statement about two images
    assert not torch.equal(batch.pixels[11], batch.pixels[13])
    assert (batch.answers.shape, batch.truths.shape) == ((3,), (2,))


def test_only_words_of_masked_captions_are_hidden_and_asked_for() -> None:
    batch = PretrainingStream(0, MIXTURE)[0]
    hidden = batch.words != IGNORED
    assert torch.equal(hidden, batch.input_ids == words().index(MASK))
    assert hidden[7:11].any()
    assert not hidden[:7].any()
    assert not hidden[11:].any()
    assert batch.words[hidden].min() >= len(SPECIAL)


def test_pre_training_sees_no_image_of_a_split() -> None:
    stream = {image.numpy().tobytes() for number in range(20) for image in PretrainingStream(0, MIXTURE)[number].pixels}
    for task in TaskName:
        for split in Split:
            shown = ShapesData(task).examples(split, 20).pixel_values.flatten(0, 1)
            assert not {image.numpy().tobytes() for image in shown} & stream
