"""A backup that is damaged in any way is refused, says where, and leaves the database as it was."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.searches.store import Store
from service.storage.backup import restore
from service.storage.backup_file import BackupError
from service.storage.database import upgrade
from service.storage.schema_error import SchemaError
from tests.service.conftest import Clock
from tests.service.storage.test_backup import back_up, empty_sqlite, file, rows, use

__all__ = ["empty_sqlite", "file"]  # fixtures


def without_a_row(lines: list[bytes]) -> list[bytes]:
    return lines[:-2] + lines[-1:]


def with_another_row(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-1], lines[-2], lines[-1]]


def with_a_short_row(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-2], json.dumps(json.loads(lines[-2])[1:]).encode() + b"\n", lines[-1]]


def with_a_wrong_value(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'"queued",{"', b'"asleep",{"') for line in lines]


def without_an_end(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def with_more_behind(lines: list[bytes]) -> list[bytes]:
    return [*lines, b"[]\n"]


def of_another_format(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b"twinsieve-backup/1", b"twinsieve-backup/2"), *lines[1:]]


def with_a_strange_table(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"api_keys"', b'"pg_class"'), *lines[1:]]


def with_other_columns(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'"digest"', b'"secret"') for line in lines]


DAMAGES: dict[Callable[[list[bytes]], list[bytes]], str] = {
    without_a_row: "expected a row of",
    with_another_row: "expected a Footer",
    with_a_short_row: "expected a row of",
    with_a_wrong_value: "table 'searches' does not take a row",
    without_an_end: "ends too early",
    with_more_behind: "something comes after the end",
    of_another_format: "expected a backup of format",
    with_a_strange_table: "no table 'pg_class'",
    with_other_columns: "has columns",
}


def damage(file: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    with gzip.open(file) as stream:
        lines = list(stream)
    with gzip.open(file, "wb") as stream:
        stream.writelines(change(lines))


@pytest.mark.parametrize("change", DAMAGES)
def test_what_is_damaged_leaves_the_database_empty(
    sqlite_store: Store, clock: Clock, file: Path, empty_sqlite: Engine, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    lease = use(sqlite_store, clock)
    sqlite_store.leases.release(lease)
    back_up(sqlite_store.engine, file)
    damage(file, change)
    with pytest.raises(BackupError, match=DAMAGES[change]):
        restore(empty_sqlite, file)
    upgrade(empty_sqlite)
    assert not any(rows(empty_sqlite).values())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_what_is_cut_off(sqlite_store: Store, clock: Clock, file: Path, empty_sqlite: Engine, share: float) -> None:
    use(sqlite_store, clock)
    back_up(sqlite_store.engine, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BackupError, match=r"line [0-9]+: "):
        restore(empty_sqlite, file)
    file.write_bytes(whole[:-8] + bytes(4) + whole[-4:])  # the checksum
    with pytest.raises(BackupError, match="damaged or cut off: CRC"):
        restore(empty_sqlite, file)
    file.write_text("no backup at all")
    with pytest.raises(BackupError, match="no backup, damaged or cut off"):
        restore(empty_sqlite, file)
    file.unlink()
    with pytest.raises(BackupError, match="cannot read"):
        restore(empty_sqlite, file)


def test_of_a_newer_version(sqlite_store: Store, file: Path, empty_sqlite: Engine) -> None:
    back_up(sqlite_store.engine, file)
    damage(file, lambda lines: [lines[0].replace(b'"revision":"0', b'"revision":"9'), *lines[1:]])
    with pytest.raises(SchemaError, match="newer version"):
        restore(empty_sqlite, file)
    upgrade(empty_sqlite)
    with pytest.raises(BackupError, match="into a database without tables"):
        restore(empty_sqlite, file)
