"""The database: how it is reached, locked and brought to the current schema."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MS = 10_000


class SchemaError(Exception):
    """The database does not have the schema that this version of the code needs."""


def connect(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL; nothing is opened yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        return _locking_sqlite(create_engine(parsed))
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(parsed, pool_pre_ping=True)


def _locking_sqlite(engine: Engine) -> Engine:
    """Writers queue up at BEGIN; a deferred one would fail half-way when another wrote first."""

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late
        for pragma in ("journal_mode=WAL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that only reads."""
    with Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session whose writes are committed together at the end, or not at all."""
    with Session(engine.execution_options(writes=True)) as session, session.begin():
        yield session


def upgrade(engine: Engine) -> None:
    """Bring the schema to the current version; twice changes nothing.

    Raises:
        SchemaError: the database was written by a newer version.
    """

    def run(connection: Connection, config: Config) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    _with_config(engine.execution_options(writes=True), run)


def require_current(engine: Engine) -> None:
    """Refuse to work on another schema than ours.

    Raises:
        SchemaError: the schema is older or newer.
    """

    def run(connection: Connection, config: Config) -> None:
        found = MigrationContext.configure(connection).get_current_revision()
        expected = ScriptDirectory.from_config(config).get_current_head()
        if found != expected:
            raise SchemaError(f"the database has schema {found}, this version needs {expected}: twinsieve db upgrade")

    _with_config(engine, run)


def _with_config(engine: Engine, run: Callable[[Connection, Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", "service:migrations")
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:
            run(connection, config)
    except CommandError as error:
        raise SchemaError(f"cannot upgrade the database, which may be of a newer version: {error}") from None
