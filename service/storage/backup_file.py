"""The file of a backup: compressed lines of JSON, the same for both databases, read and written line by line."""

import gzip
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

Line = TypeVar("Line", bound=BaseModel)

FORMAT = "twinsieve-backup/1"
LEVEL = 6  # of compression


class BackupError(ValueError):
    """A backup that cannot be made, or a file that is none or only a part of one."""


class Header(BaseModel):
    """The first line; the last one, `Footer`, says that nothing is missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str
    revision: str  # of the schema
    version: str  # of the package that wrote it
    at: str  # when, ISO 8601
    rows: Mapping[str, int]  # of each table, in the order of the file

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


class TableHead(BaseModel):
    """Before the rows of a table, each of which is a list of values in the order of `columns`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    columns: Sequence[str]


class Footer(BaseModel):
    """The last line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    end: int  # rows of all tables


class BackupWriter:
    """Appends lines."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream

    def part(self, part: BaseModel) -> None:
        """A line that is no row."""
        self._stream.write(part.model_dump_json().encode() + b"\n")

    def row(self, values: Sequence[Any]) -> None:
        """One row; a number that is none in JSON is refused."""
        self._stream.write(json.dumps(values, allow_nan=False, separators=(",", ":")).encode() + b"\n")


class BackupReader:
    """Reads lines one after the other."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._number = 0

    def header(self) -> Header:
        """The first line.

        Raises:
            BackupError: the file is no backup, or of another format.
        """
        header = self._read(Header)
        if header.format != FORMAT:
            raise BackupError(
                f"expected a backup of format {FORMAT!r}, not {header.format!r}: restore it with its version"
            )
        return header

    def table(self, name: str) -> TableHead:
        """The line before the rows of a table.

        Raises:
            BackupError: another one comes.
        """
        head = self._read(TableHead)
        if head.table != name:
            raise self._broken(f"expected table {name!r}, not {head.table!r}")
        return head

    def rows(self, count: int, *, width: int) -> Iterator[list[Any]]:
        """The next `count` rows of so many values.

        Raises:
            BackupError: something else comes.
        """
        for _ in range(count):
            values = self._parsed()
            if not isinstance(values, list) or len(values) != width:
                raise self._broken(f"expected a row of {width} values")
            yield values

    def footer(self, total: int) -> None:
        """The last line.

        Raises:
            BackupError: it does not come, or counts other rows.
        """
        if (footer := self._read(Footer)).end != total:
            raise self._broken(f"expected {total} rows in all, not {footer.end}")
        if self._line() is not None:  # also reads the checksum, which is behind all lines
            raise self._broken("something comes after the end")

    def _read(self, kind: type[Line]) -> Line:
        try:
            return kind.model_validate(self._parsed())
        except ValidationError as error:
            raise self._broken(f"expected a {kind.__name__}") from error

    def _parsed(self) -> Any:  # noqa: ANN401 - JSON
        line = self._line()
        if line is None:
            raise self._broken("the file ends too early")
        try:
            return json.loads(line)
        except ValueError as error:
            raise self._broken(f"this is no JSON: {error}") from error

    def _line(self) -> bytes | None:
        self._number += 1
        try:
            return next(self._lines, None)
        except (EOFError, OSError, zlib.error) as error:
            raise self._broken(f"the file is no backup, damaged or cut off: {error}") from error

    def _broken(self, what: str) -> BackupError:
        return BackupError(f"line {self._number}: {what}")


@contextmanager
def writing_backup(file: Path) -> Iterator[BackupWriter]:
    """A new file, which has its name only once it is whole and on the disk; nobody but its owner may read it.

    Raises:
        BackupError: there is a file of that name, or it cannot be written.
    """
    if file.exists():
        raise BackupError(f"{file} is there already: choose another name, or delete it")
    part = file.with_name(f"{file.name}.part")
    try:
        with _created(part) as raw:
            with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=raw) as stream:
                yield BackupWriter(stream)
            raw.flush()
            os.fsync(raw.fileno())
        part.rename(file)
    except OSError as error:
        raise BackupError(f"cannot write {file}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def reading_backup(file: Path) -> Iterator[BackupReader]:
    """An existing file.

    Raises:
        BackupError: it cannot be opened.
    """
    try:
        raw = file.open("rb")
    except OSError as error:
        raise BackupError(f"cannot read {file}: {error.strerror or error}") from error
    with raw, gzip.GzipFile(fileobj=raw) as stream:
        yield BackupReader(iter(stream))


def _created(file: Path) -> IO[bytes]:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
