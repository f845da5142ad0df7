"""Our splits: disjoint by image, drawn by a seed, the same for every format, and verified when read back."""

import json
import shutil
from pathlib import Path

import pytest

from models.batch import Split
from models.data.convert import convert
from models.data.errors import DataError, LayoutError, SplitError
from models.data.index import Index, build_index
from models.data.kinds import DataKind
from models.data.skips import OnError, Skips
from models.data.source import choose_data, open_source
from models.data.splits import FORMAT, DataSplits, load_splits
from models.workload import TaskName
from tests.models.data.raw_world import (
    CAPTION_SIZES,
    NLVR2_SIZES,
    VQA_SIZES,
    write_captions,
    write_nlvr2,
    write_vqa,
)


def index_of(folder: Path, task: TaskName) -> Index:
    return build_index(open_source(choose_data(folder, task), Skips()), None, Skips())


@pytest.fixture
def nlvr2(tmp_path: Path) -> Index:
    return index_of(write_nlvr2(tmp_path / "raw", NLVR2_SIZES), TaskName.NLVR2)


def test_vqa_never_trains_on_val_and_halves_it(tmp_path: Path) -> None:
    index = index_of(write_vqa(tmp_path, VQA_SIZES), TaskName.VQA)
    splits = DataSplits.draw(DataKind.VQAV2, index, 0)
    assert {split: len(groups) for split, groups in splits.groups.items()} == {
        Split.TRAIN: 11,
        Split.FITNESS: 1,
        Split.VALIDATION: 3,
        Split.TEST: 3,
    }
    of_train = {str(1000 + place) for place in range(12)}
    assert {*splits.groups[Split.TRAIN], *splits.groups[Split.FITNESS]} == of_train
    assert of_train.isdisjoint({*splits.groups[Split.VALIDATION], *splits.groups[Split.TEST]})


@pytest.mark.parametrize("coco", [False, True])
def test_captions_choose_by_val_and_test_on_test(tmp_path: Path, coco: bool) -> None:
    write_captions(tmp_path, CAPTION_SIZES | {"restval": 2}, coco=coco)
    index = index_of(tmp_path, TaskName.RETRIEVAL)
    kind = DataKind.COCO if coco else DataKind.F30K
    splits = DataSplits.draw(kind, index, 0)
    names = {
        image["filename"]: image["split"]
        for file in tmp_path.rglob("*.json")
        for image in json.loads(file.read_text())["images"]
    }
    parts = {split: {names[group] for group in groups} for split, groups in splits.groups.items()}
    trained = {"train", "restval"} if coco else {"train"}
    assert parts[Split.TRAIN] | parts[Split.FITNESS] == trained
    assert parts[Split.VALIDATION] == {"val"}
    assert parts[Split.TEST] == {"test"}


def test_nlvr2_is_split_by_image_set(nlvr2: Index) -> None:
    """The pairs of one set share images, so they stay together."""
    splits = DataSplits.draw(DataKind.NLVR2, nlvr2, 0)
    assert len(splits.groups[Split.FITNESS]) == 1
    places = splits.places(nlvr2)
    assert len(places[Split.FITNESS]) == 4  # two pairs with two statements each
    rows = {split: {(part, row) for part, row, _ in array.tolist()} for split, array in places.items()}
    assert sum(map(len, rows.values())) == len(set().union(*rows.values())) == 2 * (12 + 3 + 3)


def test_a_seed_draws_the_same_splits_and_another_seed_others(nlvr2: Index) -> None:
    drawn = [DataSplits.draw(DataKind.NLVR2, nlvr2, seed).groups for seed in (3, 3, 4)]
    assert drawn[0] == drawn[1]
    assert drawn[0][Split.FITNESS] != drawn[2][Split.FITNESS]


def test_raw_and_arrow_files_give_the_same_splits(tmp_path: Path) -> None:
    raw, arrow = write_vqa(tmp_path / "raw", VQA_SIZES), tmp_path / "arrow"
    convert(raw, arrow, skips=Skips(), report=lambda *_: None)
    halves = Path(shutil.copytree(arrow, tmp_path / "halves"))
    (halves / "vqav2_val.arrow").unlink()  # as METER reads it
    indices = [index_of(folder, TaskName.VQA) for folder in (raw, arrow, halves)]
    assert len({index.digest for index in indices}) == 1
    drawn = [DataSplits.draw(DataKind.VQAV2, index, 0) for index in indices]
    assert drawn[0] == drawn[1] == drawn[2]


def test_splits_are_written_and_read_back(nlvr2: Index, tmp_path: Path) -> None:
    file = tmp_path / "job" / "splits.json"
    drawn = load_splits(DataKind.NLVR2, nlvr2, seed=5, file=file)
    assert load_splits(DataKind.NLVR2, nlvr2, seed=5, file=file) == drawn
    data = json.loads(file.read_text())
    assert {key: data[key] for key in ("format", "data", "seed", "source_sha256")} == {
        "format": FORMAT,
        "data": "nlvr2",
        "seed": 5,
        "source_sha256": nlvr2.digest,
    }
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_splits_of_other_data_are_refused(nlvr2: Index, tmp_path: Path) -> None:
    splits = DataSplits.draw(DataKind.NLVR2, nlvr2, 0)
    other = index_of(write_nlvr2(tmp_path / "other", NLVR2_SIZES | {"train": 11}), TaskName.NLVR2)
    with pytest.raises(SplitError, match=f"drawn from data with digest {nlvr2.digest[:12]}, not {other.digest[:12]}"):
        splits.places(other)


def test_a_split_file_is_for_one_data_set_and_seed(nlvr2: Index, tmp_path: Path) -> None:
    file = tmp_path / "splits.json"
    load_splits(DataKind.NLVR2, nlvr2, seed=5, file=file)
    with pytest.raises(SplitError, match="splits of nlvr2 by seed 5; expected nlvr2 by seed 6"):
        load_splits(DataKind.NLVR2, nlvr2, seed=6, file=file)
    with pytest.raises(SplitError, match="expected f30k by seed 5"):
        load_splits(DataKind.F30K, nlvr2, seed=5, file=file)


def changed(file: Path, **changes: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_splits_that_overlap_are_refused(nlvr2: Index, tmp_path: Path) -> None:
    file = tmp_path / "splits.json"
    splits = {
        split.value: list(names)
        for split, names in load_splits(DataKind.NLVR2, nlvr2, seed=0, file=file).groups.items()
    }
    moved = splits["test"][0]
    changed(file, splits={**splits, "train": [*splits["train"], moved]})
    with pytest.raises(SplitError, match=f"not disjoint: {moved} in two"):
        DataSplits.read(file)
    changed(file, splits={**splits, "train": [*splits["train"], "train-99"]})
    with pytest.raises(SplitError, match="name 'train-99', which the data does not have"):
        DataSplits.read(file).places(nlvr2)
    changed(file, splits={**splits, "fitness": []})
    with pytest.raises(SplitError, match="nothing in fitness"):
        DataSplits.read(file)


@pytest.mark.parametrize(
    "change",
    [{"format": "other/1"}, {"splits": []}, {"splits": {"train": "abc"}}, {"splits": {"dev": ["a"]}}, {"data": "gqa"}],
)
def test_other_json_is_no_split_file(nlvr2: Index, tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / "splits.json"
    load_splits(DataKind.NLVR2, nlvr2, seed=0, file=file)
    changed(file, **change)
    with pytest.raises(SplitError, match="remove it to draw new splits"):
        DataSplits.read(file)


def test_a_torn_split_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "splits.json"
    file.write_text("{")
    with pytest.raises(SplitError, match=r"splits\.json is torn or not ours"):
        DataSplits.read(file)
    file.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        DataSplits.read(file)


def test_too_few_images_cannot_be_split(tmp_path: Path) -> None:
    index = index_of(write_vqa(tmp_path, {"train": 12, "val": 1}), TaskName.VQA)
    with pytest.raises(SplitError, match="nothing in test"):
        DataSplits.draw(DataKind.VQAV2, index, 0)


def test_a_part_that_is_not_there_is_named_with_the_layout(tmp_path: Path) -> None:
    write_vqa(tmp_path, {"train": 2})
    with pytest.raises(LayoutError, match=r"val is not whole: .*v2_mscoco_val2014_annotations\.json.*lay it out as"):
        index_of(tmp_path, TaskName.VQA)
    with pytest.raises(LayoutError, match="no data for nlvr2"):
        index_of(tmp_path, TaskName.NLVR2)


def test_two_data_sets_for_a_task_need_two_folders(tmp_path: Path) -> None:
    write_captions(write_captions(tmp_path, CAPTION_SIZES), CAPTION_SIZES, coco=True)
    with pytest.raises(LayoutError, match="both for retrieval; put them into two folders"):
        index_of(tmp_path, TaskName.RETRIEVAL)


def test_coco_may_lack_restval(tmp_path: Path) -> None:
    raw = write_captions(tmp_path / "raw", CAPTION_SIZES, coco=True)
    convert(raw, tmp_path / "arrow", skips=Skips(), report=lambda *_: None)
    (tmp_path / "arrow" / "coco_caption_karpathy_restval.arrow").unlink()
    assert index_of(tmp_path / "arrow", TaskName.RETRIEVAL).digest == index_of(raw, TaskName.RETRIEVAL).digest


def test_nothing_usable_is_said_with_what_was_left_out(tmp_path: Path) -> None:
    write_nlvr2(tmp_path, NLVR2_SIZES)
    for file in (tmp_path / "dev").iterdir():
        file.unlink()
    with pytest.raises(LayoutError, match="nothing usable in nlvr2 dev; 6 with image file missing"):
        open_source(choose_data(tmp_path, TaskName.NLVR2), Skips(OnError.SKIP))
