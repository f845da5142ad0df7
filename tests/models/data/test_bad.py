"""Bad data: a clear error that names the example, or a skip that is counted; never a silent drop."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from models.batch import Split
from models.data.convert import convert
from models.data.errors import BadExampleError, DataError, Reason
from models.data.kinds import DataKind
from models.data.raw import read_raw
from models.data.real import RealData
from models.data.skips import OnError, Skips
from models.workload import TaskName
from tests.models.data.raw_world import (
    CAPTION_SIZES,
    NLVR2_SIZES,
    VQA_SIZES,
    reading,
    write_captions,
    write_nlvr2,
    write_vqa,
)

Json = dict[str, Any]


def first(file: Path, name: str) -> Json:
    """The first entry of a JSON file's list."""
    entry: Json = json.loads(file.read_text())[name][0]
    return entry


def edit(file: Path, name: str, change: Callable[[list[Json]], object]) -> None:
    data = json.loads(file.read_text())
    change(data[name])
    file.write_text(json.dumps(data))


def raised_then_skipped(folder: Path, kind: DataKind, part: str, says: str) -> tuple[int, dict[Reason, int]]:
    """Assert the error, and give how many texts are left with what was left out."""
    with pytest.raises(BadExampleError, match=says):
        list(read_raw(folder, kind, part, Skips()))
    skips = Skips(OnError.SKIP)
    texts = sum(len(found.lines) for found in read_raw(folder, kind, part, skips))
    return texts, dict(skips.counts)


@pytest.fixture
def vqa(tmp_path: Path) -> Path:
    return write_vqa(tmp_path / "vqa", VQA_SIZES)


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    return write_captions(tmp_path / "f30k", CAPTION_SIZES)


QUESTIONS = "v2_OpenEnded_mscoco_train2014_questions.json"
ANNOTATIONS = "v2_mscoco_train2014_annotations.json"
WHOLE = 12 * 3  # questions of the training part


def test_a_question_without_annotation(vqa: Path) -> None:
    lost = first(vqa / ANNOTATIONS, "annotations")["question_id"]
    edit(vqa / ANNOTATIONS, "annotations", lambda entries: entries.pop(0))
    left = raised_then_skipped(vqa, DataKind.VQAV2, "train", f"question {lost} has no annotation; download")
    assert left == (WHOLE - 1, {Reason.NO_ANNOTATION: 1})


def test_an_annotation_without_question(vqa: Path) -> None:
    lost = first(vqa / QUESTIONS, "questions")["question_id"]
    edit(vqa / QUESTIONS, "questions", lambda entries: entries.pop(0))
    left = raised_then_skipped(vqa, DataKind.VQAV2, "train", f"no question {lost} in this part")
    assert left == (WHOLE - 1, {Reason.NO_QUESTION: 1})


def test_a_question_that_nobody_answered(vqa: Path) -> None:
    edit(vqa / ANNOTATIONS, "annotations", lambda entries: entries[0].update(answers=[]))
    lost = first(vqa / ANNOTATIONS, "annotations")["question_id"]
    left = raised_then_skipped(vqa, DataKind.VQAV2, "train", rf"annotations\[0\]: question {lost} has no answer")
    assert left == (WHOLE - 1, {Reason.NO_ANSWER: 1})


@pytest.mark.parametrize(
    ("file", "name", "says"),
    [(QUESTIONS, "questions", "question .* came before"), (ANNOTATIONS, "annotations", "was annotated before")],
)
def test_a_question_that_comes_twice(vqa: Path, file: str, name: str, says: str) -> None:
    edit(vqa / file, name, lambda entries: entries.append(entries[0]))
    left = raised_then_skipped(vqa, DataKind.VQAV2, "train", says)
    assert left == (WHOLE, {Reason.DUPLICATE: 1})  # the first of the two stays


@pytest.mark.parametrize(
    ("file", "name", "change", "says"),
    [
        (QUESTIONS, "questions", {"question": None}, r"questions\[0\]: expected 'question' \(str\), got"),
        (QUESTIONS, "questions", {"question_id": "7"}, r"expected 'question_id' \(int\), got str '7'"),
        (QUESTIONS, "questions", {"image_id": True}, r"expected 'image_id' \(int\), got bool True"),
    ],
)
def test_a_question_of_another_shape(vqa: Path, file: str, name: str, change: Json, says: str) -> None:
    edit(vqa / file, name, lambda entries: entries[0].update(change))
    texts, counts = raised_then_skipped(vqa, DataKind.VQAV2, "train", says)
    assert (texts, counts) == (WHOLE - 1, {Reason.BAD_ENTRY: 1, Reason.NO_QUESTION: 1})  # its annotation is left over


@pytest.mark.parametrize("answers", ["yes", [{"text": "yes"}], ["yes"], None])
def test_answers_of_another_shape(vqa: Path, answers: object) -> None:
    edit(vqa / ANNOTATIONS, "annotations", lambda entries: entries[0].update(answers=answers))
    left = raised_then_skipped(vqa, DataKind.VQAV2, "train", r"annotations\[0\]: expected 'answers?' \((list|str)\)")
    assert left == (WHOLE - 1, {Reason.BAD_ENTRY: 1})


def test_a_missing_image(vqa: Path, captions: Path) -> None:
    (vqa / "train2014" / "COCO_train2014_000000001003.jpg").unlink()
    left = raised_then_skipped(
        vqa, DataKind.VQAV2, "train", r"image COCO_train2014_000000001003\.jpg is missing in .*train2014"
    )
    assert left == (WHOLE - 3, {Reason.MISSING_IMAGE: 1})
    name = first(captions / "karpathy" / "dataset_flickr30k.json", "images")["filename"]
    (captions / "flickr30k-images" / name).unlink()
    texts, counts = raised_then_skipped(captions, DataKind.F30K, "train", f"image {name} is missing")
    assert (texts, counts) == (29 * 6, {Reason.MISSING_IMAGE: 1})


def test_a_name_that_is_a_path_is_a_missing_image(captions: Path) -> None:
    (captions / "outside.jpg").write_bytes(b"secret")
    file = captions / "karpathy" / "dataset_flickr30k.json"
    edit(file, "images", lambda entries: entries[0].update(filename="../outside.jpg"))
    left = raised_then_skipped(captions, DataKind.F30K, "train", r"image \.\./outside\.jpg is missing")
    assert left == (29 * 6, {Reason.MISSING_IMAGE: 1})


def test_captions_of_another_shape(captions: Path) -> None:
    file = captions / "karpathy" / "dataset_flickr30k.json"
    edit(file, "images", lambda entries: entries[0].update(sentences=[]))
    edit(file, "images", lambda entries: entries[1].update(sentences=[{"tokens": []}]))
    edit(file, "images", lambda entries: entries.insert(3, entries[2]))
    left = raised_then_skipped(captions, DataKind.F30K, "train", r"images\[0\]: .* has no sentences")
    assert left == (28 * 6, {Reason.BAD_ENTRY: 2, Reason.DUPLICATE: 1})


@pytest.mark.parametrize(
    ("change", "reason", "says"),
    [
        ({"label": "Yes"}, Reason.BAD_ENTRY, "statement 1: expected label 'True' or 'False', got 'Yes'"),
        ({"label": True}, Reason.BAD_ENTRY, r"expected 'label' \(str\), got bool True"),
        ({"directory": None}, Reason.BAD_ENTRY, r"expected 'directory' \(int\)"),
        ({"sentence": 1}, Reason.BAD_ENTRY, r"expected 'sentence' \(str\)"),
        ({"identifier": "train-0-0-1"}, Reason.DUPLICATE, "statement 2: train-0-0-1 came before"),
    ],
)
def test_statements_of_another_shape(tmp_path: Path, change: Json, reason: Reason, says: str) -> None:
    write_nlvr2(tmp_path, NLVR2_SIZES)
    file = tmp_path / "nlvr2" / "data" / "train.json"
    entry, *rest = file.read_text().splitlines()
    file.write_text("\n".join([json.dumps(json.loads(entry) | change), *rest]))
    texts, counts = raised_then_skipped(tmp_path, DataKind.NLVR2, "train", says)
    assert (texts, counts) == (12 * 4 - 1, {reason: 1})


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def test_a_truncated_image_is_met_when_it_is_read(vqa: Path) -> None:
    whole = RealData.open(vqa, TaskName.VQA, reading())
    bad = whole.names(Split.TRAIN)[0]
    file = vqa / "train2014" / f"COCO_train2014_{int(bad) // 100:012d}.jpg"
    truncate(file)
    strict = RealData.open(vqa, TaskName.VQA, reading())
    with pytest.raises(BadExampleError, match=rf"image .*{file.name} is truncated or no picture"):
        strict.examples(Split.TRAIN, 4)
    with pytest.raises(BadExampleError, match=file.name):
        list(strict.batches(Split.TRAIN, batch_size=4))
    tolerant = RealData.open(vqa, TaskName.VQA, reading(), on_error=OnError.SKIP)
    assert len(tolerant.examples(Split.TRAIN, 4)) == 4  # others take its place
    assert tolerant.skips.counts[Reason.DAMAGED_IMAGE] >= 1
    assert file.name in str(tolerant.skips)


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_bad_of_the_test_split_counts_once(vqa: Path, workers: int) -> None:
    """However often it is read; neither what is bad elsewhere nor what a published rule leaves out counts."""
    wanted = reading(answers=("yes", "no"))
    whole = RealData.open(vqa, TaskName.VQA, wanted)
    bad = {int(whole.names(split)[0]) // 100 for split in (Split.TRAIN, Split.TEST)}
    for folder in ("train2014", "val2014"):
        for image in bad:
            if (file := vqa / folder / f"COCO_{folder}_{image:012d}.jpg").is_file():
                truncate(file)
    data = RealData.open(vqa, TaskName.VQA, wanted, on_error=OnError.SKIP)
    assert sum(data.skips.counts.values()) > data.skipped == 0
    data.examples(Split.TRAIN)
    assert data.skipped == 0
    for _ in range(2):
        data.examples(Split.TEST)
        list(data.batches(Split.TEST, batch_size=4, workers=workers))
    assert data.skipped == sum(int(name) // 100 in bad for name in data.names(Split.TEST)) > 0


@pytest.mark.parametrize("workers", [0, 1])
def test_skips_are_counted_across_processes(vqa: Path, workers: int) -> None:
    data = RealData.open(vqa, TaskName.VQA, reading(), on_error=OnError.SKIP)
    for file in (vqa / "train2014").iterdir():
        truncate(file)
    (vqa / "train2014" / "COCO_train2014_000000001000.jpg").unlink()  # gone after the folder was listed
    assert list(data.batches(Split.TRAIN, batch_size=4, workers=workers)) == []
    lost = data.skips.counts
    assert lost[Reason.DAMAGED_IMAGE] + lost.get(Reason.MISSING_IMAGE, 0) == data.sizes[Split.TRAIN]
    with pytest.raises(DataError, match=r"train has only 0 examples that can be read; .* with image cannot be decoded"):
        data.examples(Split.TRAIN)


def test_what_is_left_out_while_converting_is_counted(vqa: Path, tmp_path: Path) -> None:
    truncate(vqa / "val2014" / "COCO_val2014_000000002000.jpg")
    (vqa / "val2014" / "COCO_val2014_000000002001.jpg").unlink()
    with pytest.raises(BadExampleError, match="000000002001"):
        convert(vqa, tmp_path / "arrow", skips=Skips(), report=lambda *_: None)
    skips = Skips(OnError.SKIP)
    written = convert(vqa, tmp_path / "arrow", skips=skips, report=lambda *_: None)
    assert written[tmp_path / "arrow" / "vqav2_val.arrow"] == 5  # encoded images are copied as they are
    assert skips.counts == {Reason.MISSING_IMAGE: 1}


def test_rows_that_come_twice_cannot_be_in_two_splits(captions: Path, tmp_path: Path) -> None:
    convert(captions, tmp_path / "arrow", skips=Skips(), report=lambda *_: None)
    train, test = (tmp_path / "arrow" / f"f30k_caption_karpathy_{part}.arrow" for part in ("train", "test"))
    tables = {file: pa.ipc.open_file(file).read_all() for file in (train, test)}
    with pa.ipc.new_file(test, tables[test].schema) as writer:
        writer.write_table(pa.concat_tables([tables[test], tables[train].slice(3, 1)]))
    key = tables[train].column("image_id")[3].as_py()
    with pytest.raises(BadExampleError, match=f"{test.name} row 4: {key} came before"):
        RealData.open(test.parent, TaskName.RETRIEVAL, reading())
    data = RealData.open(test.parent, TaskName.RETRIEVAL, reading(), on_error=OnError.SKIP)
    assert data.skips.counts == {Reason.SAME_CAPTION: 38, Reason.DUPLICATE: 1}
    assert data.sizes[Split.TEST] == 4 * 5


def test_a_question_in_two_images_comes_twice(vqa: Path, tmp_path: Path) -> None:
    convert(vqa, tmp_path / "arrow", skips=Skips(), report=lambda *_: None)
    file = tmp_path / "arrow" / "vqav2_val.arrow"
    table = pa.ipc.open_file(file).read_all()
    questions = table.column("question_id").to_pylist()
    questions[2] = questions[1]
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.set_column(6, "question_id", pa.array(questions)))
    with pytest.raises(BadExampleError, match="row 2: a question of 2002 came before"):
        RealData.open(file.parent, TaskName.VQA, reading())


def test_parts_with_different_vocabularies_are_refused(vqa: Path, tmp_path: Path) -> None:
    convert(vqa, tmp_path / "arrow", skips=Skips(), report=lambda *_: None)
    (tmp_path / "arrow" / "vqav2_vocabulary.json").unlink()
    file = tmp_path / "arrow" / "vqav2_val.arrow"
    table = pa.ipc.open_file(file).read_all()
    labels = [[[label + 1 for label in each] for each in row] for row in table.column("answer_labels").to_pylist()]
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.set_column(3, "answer_labels", pa.array(labels)))
    with pytest.raises(DataError, match=r"vqav2_val\.arrow: label \d is .*, elsewhere .*: convert them together"):
        RealData.open(file.parent, TaskName.VQA, reading())
