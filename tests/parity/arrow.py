"""Our readers and our writer against the arrow files that ViLT's writers made from the same raw data: exactly."""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.data.arrow_writer import write_arrow
from models.data.found import Format, FoundData, arrow_file, find_data
from models.data.index import examples_of
from models.data.kinds import FACTS, DataKind
from models.data.mapped_table import MappedTable
from models.data.opening import open_part
from models.data.raw import read_raw
from models.data.raw_vqa import vocabulary
from models.data.record import ImageSource, Record
from models.data.rows import Rows
from models.data.skips import OnError, Skips
from models.workload import TaskName
from tests.parity.compare import Comparison

Json = Any  # whatever the folder's `expected.json` holds


def compare(folder: Path) -> Iterator[Comparison]:
    """Everything that `expected.json` lists; then raw data, and what we write from it, against the arrow files."""
    file = folder / "expected.json"
    if not file.is_file():
        raise ValueError(f"{file} is missing")
    expected = json.loads(file.read_text(encoding="utf-8"))
    kinds = [kind for kind in DataKind if kind in expected]
    if not kinds:
        raise ValueError(f"{file} has none of {', '.join(DataKind)}")
    arrow, raw = _found(folder, Format.ARROW, kinds), _found(folder, Format.RAW, kinds)
    yield from _schemas(expected["schemas"], folder)
    for kind in kinds:
        yield from _examples(arrow[kind], expected[kind])
        yield from _raw(raw[kind], arrow[kind])
    yield from _vocabulary(expected, arrow, raw)


def _equal(name: str, actual: object, expected: object) -> Comparison:
    return Comparison(name, float(actual != expected), 0.0)


def _found(folder: Path, stored: Format, kinds: Sequence[DataKind]) -> dict[DataKind, FoundData]:
    folders = [folder, *(path for path in sorted(folder.rglob("*")) if path.is_dir())]
    found = [data for path in folders for data in find_data(path) if data.format is stored and data.parts]
    by_kind = {kind: [data for data in found if data.kind is kind] for kind in kinds}
    for kind, several in by_kind.items():
        if len(several) != 1:
            raise ValueError(f"{folder}: expected one {stored} folder of {kind}, found {len(several)}")
    return {kind: several[0] for kind, several in by_kind.items()}


def _schemas(expected: Json, folder: Path) -> Iterator[Comparison]:
    files = {path.name: path for path in folder.rglob("*.arrow")}
    yield _equal("schemas/files", sorted(files), sorted(expected))
    for name, about in expected.items():
        kind = next(kind for kind in DataKind if name.startswith(FACTS[kind].stem))
        table = MappedTable(files[name], FACTS[kind].task).table
        columns = {column: str(table.schema.field(column).type) for column in table.column_names}
        yield _equal(f"schemas/{name}/rows", table.num_rows, about["rows"])
        yield _equal(f"schemas/{name}/columns", columns, about["columns"])


def _examples(found: FoundData, expected: Json) -> Iterator[Comparison]:
    """The published splits, example by example in their order."""
    for split, parts in FACTS[found.kind].published.items():
        if split not in expected:
            continue
        rows = [open_part(found, part, Skips()) for part in parts if part in found.parts]
        task = FACTS[found.kind].task
        actual = _captions(rows) if task is TaskName.RETRIEVAL else _lines(rows, found.kind)
        wanted = list(expected[split].items()) if task is TaskName.RETRIEVAL else expected[split]
        name = f"{found.kind}/{split}"
        yield _equal(f"{name}/count", len(actual), len(wanted))
        for place, (ours, theirs) in enumerate(zip(actual, wanted, strict=False)):
            yield _equal(f"{name}/{place}", ours, theirs)
        if (pairs := f"{split}_pairs") in expected:
            yield _equal(f"{name}/pairs", sum(len(caption["captions_set"]) for _, caption in actual), expected[pairs])


def _records(rows: Sequence[Rows]) -> Iterator[tuple[Record, int]]:
    for part in rows:
        for _, record in part.each(Skips()):
            yield from ((record, place) for place in examples_of(record, part.task, Skips()))


def _lines(rows: Sequence[Rows], kind: DataKind) -> list[Json]:
    describe = _question if kind is DataKind.VQAV2 else _statement
    return [describe(record, place) for record, place in _records(rows)]


def _question(record: Record, place: int) -> Json:
    line = record.lines[place]
    about: dict[str, Json] = {"question_id": line.question_id, "image_id": int(record.key), "question": line.text}
    about["image_sha"] = _sha(record.images[0])
    if line.answers:
        texts, labels, scores = map(list, zip(*line.answers, strict=True))
        about |= {"answers": texts, "labels": labels, "scores": scores}
    return about


def _statement(record: Record, place: int) -> Json:
    line = record.lines[place]
    about = {"identifier": record.key, "table": f"nlvr2_{record.part}", "sentence": line.text, "answer": line.truth}
    return about | {f"image_{number}_sha": _sha(image) for number, image in enumerate(record.images)}


def _captions(rows: Sequence[Rows]) -> list[Json]:
    images: dict[str, Json] = {}
    for record, place in _records(rows):
        new = {"split": record.part, "captions_set": [], "image_sha": _sha(record.images[0])}
        images.setdefault(record.key, new)["captions_set"].append(record.lines[place].text)
    return [(key, about | {"captions_set": sorted(about["captions_set"])}) for key, about in images.items()]


def _raw(raw: FoundData, arrow: FoundData) -> Iterator[Comparison]:
    """Every part's rows, read from raw files and from what we write of them, against the original writer's."""
    task = FACTS[raw.kind].task
    with TemporaryDirectory() as written:
        for part in (part for part in FACTS[raw.kind].parts if part in arrow.parts):
            theirs = _content(open_part(arrow, part, Skips()))
            file = arrow_file(Path(written), raw.kind, part)
            write_arrow(file, read_raw(raw.folder, raw.kind, part, _as_published()), task, Skips())
            read = {
                "raw": open_part(raw, part, Skips()),
                "written": Rows(MappedTable(file, task), task=task, part=part),
            }
            for name, rows in read.items():
                ours = _content(rows)
                yield _equal(f"{raw.kind}/{name}/{part}/keys", sorted(ours), sorted(theirs))
                for key, content in theirs.items():
                    yield _equal(f"{raw.kind}/{name}/{part}/{key}", ours.get(key), content)


def _as_published() -> Skips:
    """The original writers leave out images without a file and say nothing; what is left out shows as a difference."""
    return Skips(OnError.SKIP)


def _content(rows: Rows) -> dict[str, Json]:
    """By key, since the original writers shuffle: the record and the digests of its images."""
    return {record.key: (record, [_sha(image) for image in record.images]) for _, record in rows.each(Skips())}


def _sha(image: ImageSource) -> str:
    return sha256(image.read()).hexdigest()[:16]


def _vocabulary(
    expected: Json, arrow: dict[DataKind, FoundData], raw: dict[DataKind, FoundData]
) -> Iterator[Comparison]:
    if (kind := DataKind.VQAV2) not in arrow:
        return
    rows = [open_part(arrow[kind], part, Skips()) for part in ("train", "val")]
    lines = [line for part in rows for _, record in part.each(Skips()) for line in record.lines]
    seen = {str(answer.label): answer.text for line in lines for answer in line.answers}
    yield _equal(
        "vqav2/label2answer", dict(sorted(seen.items())), dict(sorted(expected["vqav2_label2answer_seen"].items()))
    )
    yield _equal("vqav2/vocabulary", list(vocabulary(raw[kind].folder).answers), expected["vqav2_vocabulary"])
