"""An arrow file of METER or ViLT, memory-mapped; every process opens it for itself."""

from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.data.errors import BadExampleError, FileFormatError, Reason
from models.data.record import MAX_IMAGE_BYTES, too_large
from models.data.schema import check_schema
from models.workload import TaskName


class MappedTable:
    """The rows of a file in the IPC file format, where each holds the encoded image."""

    def __init__(self, path: Path, task: TaskName) -> None:
        self.path = path
        self.task = task

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "task": self.task}  # a memory map cannot be sent to another process

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    @cached_property
    def table(self) -> pa.Table:
        """Its columns; nothing is copied, and nothing but texts and the images' places is looked at.

        Raises:
            FileFormatError: it is missing, torn, no such file, or of another schema.
        """
        try:
            table = pa.ipc.open_file(pa.memory_map(self.name)).read_all()
            check_schema(table.schema, self.task, file=self.name)
            table.validate(full=True)  # in a damaged file, places of images may point outside of the mapped memory
        except OSError as error:
            raise FileFormatError(f"{self.name} cannot be read: {error}") from None
        except pa.ArrowInvalid as error:
            message = f"{self.name} is torn or no arrow IPC file: {error}; copy or convert it again"
            raise FileFormatError(message) from None
        return table

    def image(self, column: str, row: int) -> "MappedImage":
        """Where one image lies."""
        return MappedImage(self, column, row)


class MappedImage:
    """An image in a row of an arrow file."""

    def __init__(self, source: MappedTable, column: str, row: int) -> None:
        self._source = source
        self._column = column
        self._row = row

    @property
    def name(self) -> str:
        """Its file, row and column."""
        return f"{self._source.name} row {self._row} column {self._column}"

    def read(self) -> bytes:
        """The encoded image."""
        value = self._source.table.column(self._column)[self._row]
        if not value.is_valid:
            message = f"image {self.name} is null; convert the data again, or skip bad examples"
            raise BadExampleError(Reason.MISSING_IMAGE, message)
        if (size := value.as_buffer().size) > MAX_IMAGE_BYTES:
            raise BadExampleError(Reason.LARGE_IMAGE, too_large(self.name, size))
        return bytes(value.as_py())
