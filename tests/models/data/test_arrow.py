"""Arrow files: what is read, what is refused, and that writing and reading agree."""

import pickle
import struct
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from models.data.answers import data_vocabulary
from models.data.arrow_writer import write_arrow
from models.data.convert import convert
from models.data.errors import BadExampleError, FileFormatError, LayoutError, Reason
from models.data.found import Format, FoundData, find_data
from models.data.kinds import FACTS, DataKind
from models.data.mapped_table import MappedTable
from models.data.opening import open_part
from models.data.path_table import PathTable
from models.data.record import Line, Record
from models.data.rows import Rows
from models.data.skips import OnError, Skips
from models.data.source import open_source
from models.workload import TaskName
from tests.models.data.raw_world import (
    CAPTION_SIZES,
    NLVR2_SIZES,
    VQA_SIZES,
    write_captions,
    write_nlvr2,
    write_vqa,
)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every data set, in one folder."""
    folder = tmp_path_factory.mktemp("raw")
    write_vqa(folder, VQA_SIZES)
    write_nlvr2(folder, NLVR2_SIZES)
    write_captions(folder, CAPTION_SIZES)
    return write_captions(folder, CAPTION_SIZES | {"restval": 2}, coco=True)


@pytest.fixture(scope="module")
def converted(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("arrow")
    convert(raw, folder, skips=Skips(), report=lambda *_: None)
    return folder


def found(folder: Path, kind: DataKind) -> FoundData:
    return next(data for data in find_data(folder) if data.kind is kind)


def content(rows: Rows) -> list[tuple[Record, list[bytes]]]:
    return [(record, [image.read() for image in record.images]) for _, record in rows.each(Skips())]


def write(file: Path, table: pa.Table) -> Rows:
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    task = next(facts.task for facts in FACTS.values() if file.name.startswith(facts.stem))
    return Rows(MappedTable(file, task), task=task, part="train")


CAPTIONED = {"image": [b"1"], "caption": [["a", "b"]], "image_id": ["1.jpg"], "split": ["train"]}


@pytest.mark.parametrize("kind", list(DataKind))
def test_written_rows_are_the_raw_ones(raw: Path, converted: Path, kind: DataKind) -> None:
    ours, theirs = found(converted, kind), found(raw, kind)
    assert theirs.format is Format.RAW
    assert ours.format is Format.ARROW
    assert set(ours.parts) >= set(theirs.parts)
    for part in theirs.parts:
        read = content(open_part(ours, part, Skips()))
        assert read
        assert read == content(open_part(theirs, part, Skips()))


def test_a_row_can_be_read_alone(converted: Path) -> None:
    rows = open_part(found(converted, DataKind.VQAV2), "train", Skips())
    assert [rows[row] for row in range(len(rows))] == [record for _, record in rows.each(Skips())]


def test_vqa_val_is_also_written_in_halves_without_overlap(raw: Path, converted: Path) -> None:
    parts = {part: open_part(found(converted, DataKind.VQAV2), part, Skips()) for part in ("val", "rest_val")}
    assert content(parts["val"]) == content(parts["rest_val"])  # fewer than 1000 images: nothing to train on
    assert len(open_part(found(converted, DataKind.VQAV2), "trainable_val", Skips())) == 0


def test_other_sizes_of_types_and_further_columns_are_read(tmp_path: Path) -> None:
    large = pa.schema(
        {
            "image": pa.large_binary(),
            "caption": pa.large_list(pa.large_string()),
            "image_id": pa.large_string(),
            "split": pa.string_view(),
            "more": pa.int8(),
        }
    )
    row = {**CAPTIONED, "more": [1]}
    plain = write(tmp_path / "f30k_caption_karpathy_train.arrow", pa.table(CAPTIONED))
    other = write(tmp_path / "f30k_caption_karpathy_val.arrow", pa.table(row, large))
    assert content(plain) == content(other) == [(Record("1.jpg", "train", (), (Line("a"), Line("b"))), [b"1"])]


def test_an_empty_part_has_columns_without_types(tmp_path: Path) -> None:
    empty = pa.table({name: pa.nulls(0) for name in CAPTIONED})
    assert content(write(tmp_path / "f30k_caption_karpathy_train.arrow", empty)) == []


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"caption": ["a"]}, r"wrong: caption; expected .*caption: list<item: string>.* got .*caption: string"),
        ({"caption": [[1]]}, r"wrong: caption; .* got .*list<item: int64>"),
        ({"image": ["1.jpg"]}, "wrong: image; "),
        ({"image_id": [1]}, "wrong: image_id; "),
    ],
)
def test_another_schema_is_refused_with_both(tmp_path: Path, change: dict[str, list[object]], wrong: str) -> None:
    rows = write(tmp_path / "f30k_caption_karpathy_train.arrow", pa.table(CAPTIONED | change))
    with pytest.raises(FileFormatError, match=f"f30k_caption_karpathy_train.arrow has another schema; {wrong}"):
        len(rows)


def test_an_absent_column_is_another_schema(tmp_path: Path) -> None:
    rows = write(tmp_path / "f30k_caption_karpathy_train.arrow", pa.table(CAPTIONED).drop_columns(["image", "split"]))
    with pytest.raises(FileFormatError, match=r"wrong: image, split; .*`twinsieve data convert`"):
        len(rows)


def test_files_that_are_torn_or_of_another_format_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "f30k_caption_karpathy_train.arrow"
    write(file, pa.table(CAPTIONED))
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", whole[:-20] + b"\xff" * 20):
        file.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"f30k_caption_karpathy_train\.arrow"):
            len(Rows(MappedTable(file, TaskName.RETRIEVAL), task=TaskName.RETRIEVAL, part="train"))
    file.unlink()
    with pytest.raises(FileFormatError, match="cannot be read"):
        len(Rows(MappedTable(file, TaskName.RETRIEVAL), task=TaskName.RETRIEVAL, part="train"))


def test_places_outside_of_a_damaged_file_are_refused(tmp_path: Path) -> None:
    """An image that ends beyond the file would be read from memory that is not mapped."""
    file = tmp_path / "f30k_caption_karpathy_train.arrow"
    rows = write(file, pa.table(CAPTIONED | {"image": [b"1" * 77_777]}))
    before, _, after = file.read_bytes().rpartition(struct.pack("<ii", 0, 77_777))  # the image's begin and end
    file.write_bytes(before + struct.pack("<ii", 0, 2**30) + after)
    with pytest.raises(FileFormatError, match="torn or no arrow IPC file"):
        len(rows)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"caption": [["a", None]]}, "a text is null"),
        ({"caption": pa.array([None], pa.list_(pa.string()))}, "row 0"),
        ({"image_id": pa.array([None], pa.string())}, "no identifier"),
    ],
)
def test_a_row_whose_columns_do_not_fit_is_a_bad_example(tmp_path: Path, change: dict[str, object], says: str) -> None:
    rows = write(tmp_path / "f30k_caption_karpathy_train.arrow", pa.table(CAPTIONED | change))
    with pytest.raises(BadExampleError, match=says):
        rows[0]
    skips = Skips(OnError.SKIP)
    assert list(rows.each(skips)) == []
    assert skips.counts == {Reason.BAD_ENTRY: 1}


def test_lists_of_different_lengths_are_a_bad_example(converted: Path, tmp_path: Path) -> None:
    table = MappedTable(converted / "vqav2_train.arrow", TaskName.VQA).table
    short = pa.array(
        [row[:-1] for row in table.column("answer_scores").to_pylist()], table.schema.field("answer_scores").type
    )
    rows = write(tmp_path / "vqav2_train.arrow", table.set_column(4, "answer_scores", short))
    with pytest.raises(BadExampleError, match=r"row 3: its columns do not fit each other \(zip"):
        rows[3]


def test_an_image_that_is_null_is_missing(tmp_path: Path) -> None:
    table = pa.table(CAPTIONED | {"image": pa.array([None], pa.binary())})
    record = write(tmp_path / "f30k_caption_karpathy_train.arrow", table)[0]
    with pytest.raises(BadExampleError, match="row 0 column image is null") as caught:
        record.images[0].read()
    assert caught.value.reason is Reason.MISSING_IMAGE


def test_rows_can_be_sent_to_another_process(raw: Path, converted: Path) -> None:
    for folder in (raw, converted):
        rows = open_part(found(folder, DataKind.NLVR2), "dev", Skips())
        before = content(rows)  # now the file is open here
        sent = pickle.dumps(rows)
        assert content(pickle.loads(sent)) == before
    assert len(sent) < 1000  # the file's path, not its content


def test_a_raw_index_has_paths_where_arrow_files_have_images(raw: Path) -> None:
    source = open_part(found(raw, DataKind.F30K), "val", Skips()).source
    assert isinstance(source, PathTable)
    assert source.table.column("image").to_pylist() == [source.image("image", row).name for row in range(4)]


def test_a_file_is_written_whole_or_not_at_all(raw: Path, tmp_path: Path) -> None:
    def failing() -> Iterator[Record]:
        rows = open_part(found(raw, DataKind.F30K), "train", Skips())
        yield from (record for _, record in rows.each(Skips()))
        raise RuntimeError("the machine stopped")

    file = tmp_path / "f30k_caption_karpathy_train.arrow"
    file.write_text("before")
    with pytest.raises(RuntimeError, match="stopped"):
        write_arrow(file, failing(), TaskName.RETRIEVAL, Skips())
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.read_text() == "before"


def test_there_must_be_raw_data_to_convert(converted: Path, tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no raw data set that is whole; lay it out as"):
        convert(converted, tmp_path, skips=Skips(), report=lambda *_: None)


def test_a_vocabulary_is_taken_from_its_file_or_from_the_rows(raw: Path, converted: Path, tmp_path: Path) -> None:
    published = data_vocabulary(open_source(found(raw, DataKind.VQAV2), Skips())).answers
    assert data_vocabulary(open_source(found(converted, DataKind.VQAV2), Skips())).answers == published
    for part in ("train", "val"):
        file = tmp_path / f"vqav2_{part}.arrow"
        table = MappedTable(converted / file.name, TaskName.VQA).table
        labels = [[[label + 2 for label in each] for each in row] for row in table.column("answer_labels").to_pylist()]
        write(file, table.set_column(3, "answer_labels", pa.array(labels)))
    seen = data_vocabulary(open_source(found(tmp_path, DataKind.VQAV2), Skips())).answers
    assert seen == ("<label 0, never seen>", "<label 1, never seen>", *published)
