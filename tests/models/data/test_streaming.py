"""Real data as task data: what a batch holds, and that a stream gives what is given at once."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from models.batch import Batch, Split
from models.data.convert import convert
from models.data.errors import DataError
from models.data.folders import DataFolders
from models.data.real import RealData, SplitChoice
from models.data.skips import Skips
from models.data.transforms import meter_transform, vilt_transform
from models.datasets import open_data
from models.workload import TaskName
from tests.models.data.raw_world import (
    ANSWERS,
    CAPTION_SIZES,
    NLVR2_SIZES,
    VQA_SIZES,
    reading,
    write_captions,
    write_nlvr2,
    write_vqa,
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data folders by name."""
    root = tmp_path_factory.mktemp("root")
    write_vqa(root / "vqa", VQA_SIZES)
    write_nlvr2(root / "nlvr2", NLVR2_SIZES)
    write_captions(root / "f30k", CAPTION_SIZES)
    for name in ("vqa", "nlvr2", "f30k"):
        convert(root / name, root / f"{name}-arrow", skips=Skips(), report=lambda *_: None)
    return root


NAMES = {TaskName.VQA: "vqa", TaskName.NLVR2: "nlvr2", TaskName.RETRIEVAL: "f30k"}


def tensors(batch: Batch) -> Iterator[Tensor]:
    yield from (batch.input_ids, batch.attention_mask, batch.pixel_values, batch.targets)


def assert_equal(ours: Batch, theirs: Batch) -> None:
    for one, other in zip(tensors(ours), tensors(theirs), strict=True):
        assert torch.equal(one, other)


def test_vqa_targets_are_soft_scores_in_the_order_of_the_heads_answers(root: Path) -> None:
    answers = ("2", "red", "no", "yes", "blue")
    data = RealData.open(root / "vqa-arrow", TaskName.VQA, reading(answers=answers))
    batch = data.examples(Split.TRAIN, 8)
    assert batch.input_ids.shape == batch.attention_mask.shape == (8, 1, 8)
    assert batch.pixel_values.shape == (8, 1, 3, 32, 32)
    assert batch.targets.shape == (8, 5)
    own = RealData.open(root / "vqa-arrow", TaskName.VQA, reading())
    targets = own.examples(Split.TRAIN, 8).targets
    for label, answer in enumerate(own.answers):
        assert torch.equal(batch.targets[:, answers.index(answer)], targets[:, label])
    assert not batch.targets[:, 4].any()
    for name, row in zip(data.names(Split.TRAIN, 8), batch.targets, strict=True):
        assert row[answers.index(ANSWERS[int(name) % 4])] == 1  # what four or more annotators said
        assert set(row.tolist()) <= {0.0, *torch.tensor([0.3, 0.6, 0.9, 1.0]).tolist()}


def test_questions_the_head_cannot_answer_are_left_out_and_counted(root: Path) -> None:
    data = RealData.open(root / "vqa", TaskName.VQA, reading(answers=("blue", "red")))
    assert sum(data.sizes.values()) < (12 + 6) * 3
    assert sum(data.skips.counts.values()) == (12 + 6) * 3 - sum(data.sizes.values())
    assert "no answer in the vocabulary (first: question " in str(data.skips)
    assert bool((data.examples(Split.TRAIN).targets[:, 1] > 0).all())


def test_nlvr2_has_two_images_and_a_truth(root: Path) -> None:
    data = RealData.open(root / "nlvr2", TaskName.NLVR2, reading())
    batch = data.examples(Split.TEST)
    assert data.sizes == {Split.TRAIN: 44, Split.FITNESS: 4, Split.VALIDATION: 12, Split.TEST: 12}
    assert list(data.answers) == ["false", "true"]
    assert batch.pixel_values.shape == (12, 2, 3, 32, 32)
    names = data.names(Split.TEST)
    assert sorted(names) == [
        f"test1-{number}-{pair}-{line}" for number in range(3) for pair in (0, 1) for line in (0, 1)
    ]
    assert batch.targets.tolist() == [int(name.endswith("-0")) for name in names]
    expected = root / "nlvr2" / "test1" / f"{names[0].rpartition('-')[0]}-img1.png"
    with Image.open(expected) as image:
        assert torch.equal(batch.pixel_values[0, 1], vilt_transform(image, 32).pixels)


def test_retrieval_has_one_true_caption_among_false_ones_of_the_split(root: Path) -> None:
    data = RealData.open(root / "f30k", TaskName.RETRIEVAL, reading(texts=5))
    batch = data.examples(Split.TEST)
    assert data.sizes[Split.TEST] == 4 * 5  # the repeated caption counts once
    assert batch.input_ids.shape == (20, 5, 8)
    assert len(set(batch.targets.tolist())) > 2  # the true one has no fixed place
    captions = batch.input_ids[:, :, 1:4]  # part, image, number; one token each
    images = captions[:, :, 1]
    for row, (target, name) in enumerate(zip(batch.targets.tolist(), data.names(Split.TEST), strict=True)):
        own = images[row] == images[row, target]
        assert own.tolist() == [place == target for place in range(5)], name
        assert len({tuple(caption) for caption in captions[row].tolist()}) == 5
    assert bool((batch.input_ids[:, :, 1] == batch.input_ids[0, 0, 1]).all())  # all of them say "test"


@pytest.mark.parametrize("task", list(TaskName))
def test_raw_and_arrow_files_give_the_same_examples(root: Path, task: TaskName) -> None:
    folders = DataFolders(root)
    ours, theirs = (
        open_data(f"{NAMES[task]}{end}", task, folders=folders, reading=reading(texts=3, answers=ANSWERS))
        for end in ("", "-arrow")
    )
    assert ours.sizes == theirs.sizes
    assert_equal(ours.examples(Split.TRAIN, 5), theirs.examples(Split.TRAIN, 5))


def test_the_same_call_gives_the_same_examples_and_a_prefix_of_more(root: Path) -> None:
    opened = [
        RealData.open(root / "f30k", TaskName.RETRIEVAL, reading(), choice=SplitChoice(seed=seed)) for seed in (1, 1, 2)
    ]
    batches = [data.examples(Split.TRAIN, 6) for data in opened]
    assert_equal(batches[0], batches[1])
    assert not torch.equal(batches[0].input_ids, batches[2].input_ids)
    assert_equal(batches[0], opened[0].examples(Split.TRAIN, 12).rows(slice(0, 6)))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_gives_what_is_given_at_once(root: Path, workers: int) -> None:
    data = RealData.open(root / "vqa-arrow", TaskName.VQA, reading())
    before = torch.random.get_rng_state()
    batches = list(data.batches(Split.TRAIN, batch_size=8, workers=workers))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert [len(batch) for batch in batches] == [8, 8, 8, 8, 1]
    whole = data.examples(Split.TRAIN)
    for place, batch in enumerate(batches):
        assert_equal(batch, whole.rows(slice(8 * place, 8 * place + 8)))


def test_a_stream_follows_the_callers_order(root: Path) -> None:
    data = RealData.open(root / "nlvr2-arrow", TaskName.NLVR2, reading())
    batches = list(data.batches(Split.TRAIN, batch_size=2, order=[7, 0, 7]))
    assert [len(batch) for batch in batches] == [2, 1]
    whole = data.examples(Split.TRAIN)
    assert_equal(batches[0], whole.rows(torch.tensor([7, 0])))
    assert_equal(batches[1], whole.rows(torch.tensor([7])))


def test_images_of_several_sizes_are_padded_and_masked(root: Path) -> None:
    data = RealData.open(root / "f30k", TaskName.RETRIEVAL, reading(transform=partial(vilt_transform, shorter=64)))
    batch = data.examples(Split.TRAIN, 16)
    assert batch.pixel_mask is not None
    assert batch.pixel_values.shape == (16, 1, 3, 96, 96)
    valid = batch.pixel_mask.unsqueeze(2).expand_as(batch.pixel_values)
    assert not batch.pixel_values[~valid].any()
    areas = {(int(mask[0].any(0).sum()), int(mask[0].any(1).sum())) for mask in batch.pixel_mask}
    assert areas == {(64, 64), (96, 32), (64, 96)}  # width, height
    assert bool(batch.pixel_mask.flatten(2).any(2).all())
    squares = RealData.open(root / "f30k", TaskName.RETRIEVAL, reading(transform=partial(meter_transform, size=48)))
    assert squares.examples(Split.TRAIN, 16).pixel_mask is None


def test_texts_are_cut_and_padded_to_the_backbones_length() -> None:
    ids, mask = reading(text_tokens=4).tokens(["a b c d e f", "b"])
    assert ids.tolist() == [[2, 3, 4, 5], [2, 4, 0, 0]]
    assert mask.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]


def test_a_split_has_no_more_examples_than_it_says(root: Path) -> None:
    data = RealData.open(root / "nlvr2", TaskName.NLVR2, reading())
    for count in (0, 13):
        with pytest.raises(ValueError, match=f"{count} examples asked of test; the data for nlvr2 has 12 there"):
            data.examples(Split.TEST, count)


def test_a_split_with_too_few_captions_says_so(root: Path) -> None:
    data = RealData.open(root / "f30k", TaskName.RETRIEVAL, reading(texts=17))
    with pytest.raises(DataError, match="test has too few captions of other images to draw 16 different ones"):
        data.examples(Split.TEST)


def test_a_name_is_never_a_path(root: Path) -> None:
    folders = DataFolders(root)
    assert folders.names() == ("f30k", "f30k-arrow", "nlvr2", "nlvr2-arrow", "vqa", "vqa-arrow")
    for name in ("../root/vqa", str(root / "vqa"), ".", ""):
        with pytest.raises(
            ValueError, match=r"no data set '.*'; registered: shapes, shapes-small, shapes-tiny, f30k, "
        ):
            open_data(name, TaskName.VQA, folders=folders, reading=reading())
    with pytest.raises(ValueError, match="needs a backbone's tokenizer"):
        open_data("vqa", TaskName.VQA, folders=folders)
    assert DataFolders(root / "absent").names() == DataFolders().names() == ()
