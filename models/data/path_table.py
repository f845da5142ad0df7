"""An index of raw files in arrow's columns, which take a fraction of the memory of a Python object per text."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Self

import pyarrow as pa

from models.data.columns import row_of
from models.data.record import FileImage, Record
from models.data.rows import CHUNK
from models.data.schema import IMAGES, SCHEMAS
from models.workload import TaskName


class PathTable:
    """The rows of an arrow file, but with a path where that has an encoded image."""

    def __init__(self, table: pa.Table, name: str) -> None:
        self.table = table
        self.name = name

    @classmethod
    def of(cls, records: Iterable[Record], task: TaskName, name: str) -> Self:
        """The index of `records`, whose images are files."""
        schema = _with_paths(SCHEMAS[task], task)
        batches = [pa.RecordBatch.from_pylist(rows, schema) for rows in _chunks(records, task)]
        return cls(pa.Table.from_batches(batches, schema), name)

    def image(self, column: str, row: int) -> FileImage:
        """Where one image lies."""
        return FileImage(Path(self.table.column(column)[row].as_py()))


def _with_paths(schema: pa.Schema, task: TaskName) -> pa.Schema:
    for column in IMAGES[task]:
        schema = schema.set(schema.get_field_index(column), pa.field(column, pa.string()))
    return schema


def _chunks(records: Iterable[Record], task: TaskName) -> Iterator[list[dict[str, object]]]:
    rows = (
        row_of(record, task) | dict(zip(IMAGES[task], [image.name for image in record.images], strict=True))
        for record in records
    )
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
