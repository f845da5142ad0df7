"""`fill`: many rows into an empty table, the fastest way that each database has."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Table, insert, make_url
from sqlalchemy.dialects import sqlite

Row = Mapping[str, Any]
TIMES = "%Y-%m-%d %H:%M:%S.%f"  # as SQLAlchemy writes them into SQLite


def fill(url: str, table: Table, rows: Iterable[Row]) -> int:
    """Write `rows`, which have the same columns each, as they are: JSON as text, times in UTC. How many they were."""
    rows = iter(rows)
    if (first := next(rows, None)) is None:
        return 0
    write: Callable[..., int] = _inserted if make_url(url).get_backend_name() == "sqlite" else _copied
    return write(url, table, [column.name for column in table.columns if column.name in first], chain([first], rows))


def settle(url: str) -> None:
    """What PostgreSQL does by itself in the minutes after: look at how the rows are spread, write them to their place.

    SQLite never does the first, and did the second as it closed.
    """
    if make_url(url).get_backend_name() == "postgresql":
        with psycopg.connect(_plain(url), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")


def _inserted(url: str, table: Table, names: list[str], rows: Iterator[Row]) -> int:
    statement = str(insert(table).compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=names))
    connection = sqlite3.connect(make_url(url).database or "")
    try:
        connection.execute("PRAGMA synchronous=OFF")
        with connection:
            return connection.executemany(statement, ([_text(row[name]) for name in names] for row in rows)).rowcount
    finally:
        connection.close()


def _text(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    return value.astimezone(UTC).strftime(TIMES) if isinstance(value, datetime) else value


def _copied(url: str, table: Table, names: list[str], rows: Iterator[Row]) -> int:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with psycopg.connect(_plain(url)) as connection:
        cursor = connection.cursor()
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])
        return cursor.rowcount


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
