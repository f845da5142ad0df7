"""Records as an arrow file that METER, ViLT and `mapped_table` read: written in pieces, there whole or not at all."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.data.columns import row_of
from models.data.errors import BadExampleError
from models.data.record import Record
from models.data.schema import IMAGES, SCHEMAS
from models.data.skips import Skips
from models.data.whole_file import whole_file
from models.workload import TaskName

CHUNK = 64  # records, with their encoded images, in memory at a time


def write_arrow(file: Path, records: Iterable[Record], task: TaskName, skips: Skips) -> int:
    """Write `records` and say how many; a record whose image cannot be read is met by `skips`.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """
    schema = SCHEMAS[task]
    rows = _rows(records, task, skips)
    count = 0
    with whole_file(file) as opened, pa.ipc.new_file(opened, schema) as writer:
        while chunk := list(islice(rows, CHUNK)):
            writer.write_batch(pa.RecordBatch.from_pylist(chunk, schema))
            count += len(chunk)
    return count


def _rows(records: Iterable[Record], task: TaskName, skips: Skips) -> Iterator[dict[str, Any]]:
    for record in records:
        try:
            images = [image.read() for image in record.images]
        except BadExampleError as error:
            skips.meet(error)
        else:
            yield row_of(record, task) | dict(zip(IMAGES[task], images, strict=True))
