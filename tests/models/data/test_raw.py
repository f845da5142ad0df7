"""Raw data sets as their authors publish them, read as records."""

import json
from pathlib import Path

import pytest

from models.data.errors import FileFormatError, Reason
from models.data.json_items import items, lines
from models.data.kinds import DataKind
from models.data.raw import read_raw
from models.data.raw_vqa import vocabulary
from models.data.record import Answer, FileImage, Record
from models.data.skips import Skips
from tests.models.data.raw_world import VQA_SIZES, save, write_captions, write_nlvr2, write_vqa


def read(folder: Path, kind: DataKind, part: str) -> list[Record]:
    return list(read_raw(folder, kind, part, Skips()))


def test_vqa_rows_are_images_in_the_order_of_their_questions(tmp_path: Path) -> None:
    write_vqa(tmp_path, VQA_SIZES)
    records = read(tmp_path, DataKind.VQAV2, "train")
    assert [record.key for record in records] == [str(1000 + place) for place in range(12)]
    first = records[0]
    assert [line.question_id for line in first.lines] == [100000, 100001, 100002]
    assert first.images == (FileImage(tmp_path / "train2014" / "COCO_train2014_000000001000.jpg"),)
    assert [read(tmp_path, DataKind.VQAV2, part)[0].lines[0].answers for part in ("test", "test-dev")] == [(), ()]


def test_vqa_answers_are_looked_up_as_written_and_scored_by_their_number(tmp_path: Path) -> None:
    questions = [{"image_id": 1, "question": "What?", "question_id": key} for key in range(10)]
    given = ["The cat", "cat", "cat", "dog", "cat", *["bird"] * 4, "cats"]
    about = {"image_id": 1, "multiple_choice_answer": "The cat", "answers": [{"answer": text} for text in given]}
    for part, keys in {"train": range(9), "val": range(9, 10)}.items():
        texts = [question for question in questions if question["question_id"] in keys]
        save(tmp_path / f"v2_OpenEnded_mscoco_{part}2014_questions.json", json.dumps({"questions": texts}))
        annotations = [about | {"question_id": key} for key in keys]
        save(tmp_path / f"v2_mscoco_{part}2014_annotations.json", json.dumps({"annotations": annotations}))
        save(tmp_path / f"{part}2014" / f"COCO_{part}2014_000000000001.jpg", b"")
    assert vocabulary(tmp_path).answers == ("cat",)  # ten times, normalised
    assert read(tmp_path, DataKind.VQAV2, "train")[0].lines[0].answers == (Answer("cat", 0, 0.9),)


def test_a_question_without_an_answer_in_the_vocabulary_is_left_out_and_counted(tmp_path: Path) -> None:
    write_vqa(tmp_path, VQA_SIZES)
    file = tmp_path / "v2_mscoco_val2014_annotations.json"
    data = json.loads(file.read_text())
    data["annotations"][0]["answers"] = [{"answer": "something else"}]
    file.write_text(json.dumps(data))
    skips = Skips()
    records = list(read_raw(tmp_path, DataKind.VQAV2, "val", skips))
    assert sum(len(record.lines) for record in records) == 6 * 3 - 1
    assert skips.counts == {Reason.NO_LABEL: 1}
    assert skips.first == {Reason.NO_LABEL: f"question {data['annotations'][0]['question_id']}"}


def test_nlvr2_rows_are_pairs(tmp_path: Path) -> None:
    write_nlvr2(tmp_path, {"train": 4, "dev": 1})
    record = read(tmp_path, DataKind.NLVR2, "train")[7]
    assert record.key == "train-3-1"
    assert [line.truth for line in record.lines] == [True, False]
    folder = tmp_path / "images" / "train" / "0"
    assert record.images == (FileImage(folder / "train-3-1-img0.png"), FileImage(folder / "train-3-1-img1.png"))
    assert read(tmp_path, DataKind.NLVR2, "dev")[0].images[0].name.startswith(str(tmp_path / "dev"))


@pytest.mark.parametrize("place", ["data/dev.json", "dev.json"])
def test_nlvr2_statements_may_lie_in_other_places(tmp_path: Path, place: str) -> None:
    write_nlvr2(tmp_path, {"dev": 1})
    (tmp_path / "data").mkdir()
    (tmp_path / "nlvr2" / "data" / "dev.json").rename(tmp_path / place)
    assert len(read(tmp_path, DataKind.NLVR2, "dev")) == 2


@pytest.mark.parametrize("kind", [DataKind.F30K, DataKind.COCO])
def test_captions_come_by_karpathys_split(tmp_path: Path, kind: DataKind) -> None:
    coco = kind is DataKind.COCO
    write_captions(tmp_path, {"train": 3, "restval": 2, "val": 1, "test": 1}, coco=coco)
    records = [read(tmp_path, kind, part) for part in ("train", "restval", "val", "test")]
    assert [len(part) for part in records] == [3, 2, 1, 1]
    record = records[1][0]
    assert record.part == "restval"
    assert [line.text for line in record.lines] == [f"restval 0 {place}" for place in (0, 0, 1, 2, 3, 4)]
    folder = "val2014" if coco else "flickr30k-images"
    assert record.images == (FileImage(tmp_path / folder / record.key),)


def test_json_is_read_item_by_item(tmp_path: Path) -> None:
    """The second half of the file is torn, yet its first items come."""
    file = tmp_path / "torn.json"
    file.write_text('{"info": {"questions": 1}, "questions": [' + '{"question_id": 1, "share": 0.5},' * 100_000)
    opened = items(file, "questions")
    assert next(opened) == {"question_id": 1, "share": 0.5}
    with pytest.raises(FileFormatError, match=r"torn\.json is torn or no JSON.*download it again"):
        list(opened)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"other": []}', "no list 'questions' with anything in it"),
        ('{"questions": [1]}', r"questions\[0\]: expected an object, got int"),
        ("", "torn or no JSON"),
        (b"\xff\xfe", "torn or no JSON"),
    ],
)
def test_json_of_another_shape_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    save(tmp_path / "file.json", content)
    with pytest.raises(FileFormatError, match=message):
        list(items(tmp_path / "file.json", "questions"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("{}\n[]", "line 2: expected an object, got list"),
        ('{}\n{"a": ', "line 2 is torn or no JSON"),
        (b'{"a": "\xff"}', "line 1 is torn or no JSON"),
        ('{"a": "' + "x" * 2**20 + '"}', "line 1 has over 1,048,576 bytes"),
    ],
)
def test_json_lines_of_another_shape_are_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    save(tmp_path / "file.json", content)
    with pytest.raises(FileFormatError, match=message):
        list(lines(tmp_path / "file.json"))


def test_a_json_file_of_several_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    with file.open("wb") as opened:
        opened.truncate(3 * 2**30)  # a hole: it takes no room
    with pytest.raises(FileFormatError, match="have at most 2,147,483,648"):
        list(items(file, "questions"))
