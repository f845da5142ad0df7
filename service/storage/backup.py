"""`backup` and `restore`: a whole database as one file, from either kind of database into either."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from sqlalchemy import JSON, Connection, DateTime, Engine, Integer, MetaData, Table, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from service.storage.backup_file import (
    FORMAT,
    BackupError,
    BackupReader,
    Footer,
    Header,
    TableHead,
    reading_backup,
    writing_backup,
)
from service.storage.database import require_current, upgrade, upgrade_to, writing
from service.storage.schema import metadata
from service.storage.tables import Json

AT_ONCE = 500  # rows in memory

Told = Callable[[int, int], None]
"""Is told how many rows are done, and of how many."""


def backup(engine: Engine, file: Path, *, version: str, at: datetime, told: Told = lambda _done, _of: None) -> int:
    """Write every row to a new `file`, as all of them were at one moment, while others go on; the number of rows.

    What searches exported is no part of it. Of API keys there are only digests, as in the database.

    Raises:
        SchemaError: the database has another schema than this version.
        BackupError: the file cannot be written, or is there already.
    """
    require_current(engine)
    with writing_backup(file) as out, _snapshot(engine) as connection:
        tables = metadata.sorted_tables  # whatever a row refers to comes before it
        rows = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
        revision = MigrationContext.configure(connection).get_current_revision() or ""
        header = Header(format=FORMAT, revision=revision, version=version, at=at.isoformat(), rows=rows)
        out.part(header)
        done = 0
        for table in tables:
            out.part(TableHead(table=table.name, columns=[column.name for column in table.columns]))
            for batch in connection.execute(select(table)).partitions(AT_ONCE):
                for row in batch:
                    out.row([_plain(value) for value in row])
                told(done := done + len(batch), header.total)
        out.part(Footer(end=done))
    return done


def restore(engine: Engine, file: Path, *, told: Told = lambda _done, _of: None) -> int:
    """Fill an empty database from `file`, all of it or nothing, and bring it to our schema; the number of rows.

    Raises:
        BackupError: the file is damaged, incomplete or of something else, or the database is not empty.
        SchemaError: the file was written by a newer version.
    """
    with reading_backup(file) as lines:
        header = lines.header()
        _require_empty(engine, header.revision)
        upgrade_to(engine, header.revision)
        with writing(engine) as session:
            connection, done = session.connection(), 0
            for name, count in header.rows.items():
                for batch in _batches(connection, lines, name, count):
                    told(done := done + batch, header.total)
            lines.footer(header.total)
    upgrade(engine)
    return header.total


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one moment and never holds more than a few rows."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))  # a disk may be slow
        connection.execution_options(yield_per=AT_ONCE)
        yield connection


def _require_empty(engine: Engine, revision: str) -> None:
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        present = set(inspect(connection).get_table_names()) & set(metadata.tables)
        full = [
            name for name in sorted(present) if connection.execute(select(1).select_from(text(name)).limit(1)).first()
        ]
    if full:
        raise BackupError(f"table {full[0]} has rows; a backup is restored into an empty database only")
    if present and found != revision:
        raise BackupError(
            f"the database has schema {found}, the backup {revision}: restore it into a database without tables"
        )


def _batches(connection: Connection, lines: BackupReader, name: str, count: int) -> Iterator[int]:
    """Insert the rows of one table; after each batch, its length."""
    if name not in inspect(connection).get_table_names():
        raise BackupError(f"the schema of the backup has no table {name!r}")
    table = Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
    columns = lines.table(name).columns
    if set(columns) != set(table.columns.keys()):
        raise BackupError(f"table {name!r} has columns {sorted(table.columns.keys())}, the backup {sorted(columns)}")
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type = Json  # whose null is SQL's, as in our own tables
    times = {column.name for column in table.columns if isinstance(column.type, DateTime)}
    rows = lines.rows(count, width=len(columns))
    while batch := [_row(columns, values, times) for values in islice(rows, AT_ONCE)]:
        try:
            connection.execute(insert(table), batch)
        except (DBAPIError, StatementError) as error:
            raise BackupError(f"table {name!r} does not take a row: {error.orig}") from error
        yield len(batch)
    _count_on(connection, table)


def _row(columns: Sequence[str], values: Sequence[Any], times: set[str]) -> dict[str, Any]:
    row = dict(zip(columns, values, strict=True))
    for name in times & row.keys():
        if row[name] is not None:
            row[name] = datetime.fromisoformat(row[name])
    return row


def _plain(value: Any) -> Any:  # noqa: ANN401 - of any column, as JSON
    return value.isoformat() if isinstance(value, datetime) else value


def _count_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL's serial numbers go on behind those that were restored; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        if isinstance(column.type, Integer) and (name := connection.scalar(select(sequence))) is not None:
            last = connection.scalar(select(func.max(column)))
            connection.execute(select(func.setval(name, last or 1, last is not None)))
