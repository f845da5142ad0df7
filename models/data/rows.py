"""One part of a data set as records, over an arrow file or an index of raw files; images are read when asked for."""

from collections.abc import Iterator
from typing import Any, Protocol

import pyarrow as pa

from models.data.columns import record_of
from models.data.errors import BadExampleError
from models.data.record import ImageSource, Record
from models.data.schema import IMAGES
from models.data.skips import Skips
from models.workload import TaskName

CHUNK = 1024  # rows turned into Python values at a time


class Table(Protocol):
    """Rows in arrow's columns, and where their images lie; it can be sent to another process."""

    @property
    def name(self) -> str:
        """What to call it in a message."""

    @property
    def table(self) -> pa.Table:
        """Its columns."""

    def image(self, column: str, row: int) -> ImageSource:
        """Where one image lies."""


class Rows:
    """The records of one part, by row or one after the other."""

    def __init__(self, source: Table, *, task: TaskName, part: str) -> None:
        self.source = source
        self.task = task
        self.part = part

    def __len__(self) -> int:
        return int(self.source.table.num_rows)

    def __getitem__(self, row: int) -> Record:
        """The record in a row.

        Raises:
            BadExampleError: its columns do not fit each other.
        """
        return self._record(self._texts.slice(row, 1).to_pylist()[0], row)

    def each(self, skips: Skips) -> Iterator[tuple[int, Record]]:
        """Every row that can be read, with its number; no image is."""
        for start in range(0, len(self), CHUNK):
            for row, values in enumerate(self._texts.slice(start, CHUNK).to_pylist(), start):
                try:
                    yield row, self._record(values, row)
                except BadExampleError as error:
                    skips.meet(error)

    @property
    def _texts(self) -> pa.Table:
        return self.source.table.drop_columns(list(IMAGES[self.task]))

    def _record(self, values: dict[str, Any], row: int) -> Record:
        images = [self.source.image(column, row) for column in IMAGES[self.task]]
        where = f"{self.source.name} row {row}"
        return record_of(values, self.task, images=images, part=self.part, where=where)
