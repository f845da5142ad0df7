"""The database: how it is reached, locked and brought to the current schema."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg import Connection as PostgresConnection
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.storage.commit_ticket import CommitTicket
from service.storage.schema_error import SchemaError
from service.storage.write_queue import WriteQueue

SQLITE = {
    "busy_timeout": 10_000,  # milliseconds; for those who write without a turn in the queue
    "journal_mode": "WAL",  # nobody who reads waits for one who writes
    "synchronous": "FULL",  # what was answered is on the disk: NORMAL is faster, and a power cut takes the last answers
    "foreign_keys": "ON",
    "journal_size_limit": 64 << 20,  # bytes that the journal shrinks to again after a backup kept it growing
}
SQLITE_POOL = {"pool_size": 20, "max_overflow": 40}  # a connection is a file handle; nobody shall wait for one
POSTGRES_POOL = {"pool_size": 15, "max_overflow": 0}  # opened once: a connection is a process of the server's
CLIENT = {  # of libpq, in seconds and milliseconds: a cut network is noticed before a lease expires
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
SERVER = {  # of a session: one whose client is frozen or cut off lets go of its locks
    "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "5s",
    "tcp_keepalives_interval": "3s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
}
UPGRADES = 0x7477_7369  # the advisory lock of whoever changes the schema


def connect(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL; nothing is opened yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    given = {name: value for name, value in CLIENT.items() if name not in parsed.query}
    engine = create_engine(parsed, pool_pre_ping=True, pool_use_lifo=True, connect_args=given, **POSTGRES_POOL)

    @event.listens_for(engine, "connect")
    def prepare(connection: PostgresConnection, _record: object) -> None:
        connection.autocommit = True
        connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in SERVER.items()).encode())
        connection.autocommit = False

    return engine


def _sqlite(url: URL) -> Engine:
    """Writers take turns, and lock at BEGIN: a deferred lock would fail half-way when another wrote first."""
    if not url.database or url.database == ":memory:":
        engine = create_engine(url)
    else:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, execution_options={"queue": WriteQueue(url.database)}, **SQLITE_POOL)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late
        for name, value in SQLITE.items():
            connection.execute(f"PRAGMA {name}={value}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that only reads: on SQLite one picture of everything, on PostgreSQL each statement its own.

    There a transaction at its default isolation would see no more, and costs two more turns to the server.
    """
    postgres = engine.dialect.name == "postgresql"
    with Session(engine.execution_options(isolation_level="AUTOCOMMIT") if postgres else engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session whose writes are committed together at the end, or not at all, whatever becomes of the connection.

    Raises:
        UnknownOutcomeError: the connection was lost at the commit, and nobody can tell which of the two.
    """
    with _turn(engine), Session(engine.execution_options(writes=True)) as session:
        yield session
        ticket = CommitTicket.of(session)
        try:
            session.commit()
        except DBAPIError as error:
            if ticket is None or not error.connection_invalidated:
                raise
            ticket.settle(engine, error)


def upgrade(engine: Engine) -> None:
    """Bring the schema to the current version; twice, or from several machines at once, changes nothing.

    Raises:
        SchemaError: the database was written by a newer version.
    """
    upgrade_to(engine, "head")


def upgrade_to(engine: Engine, revision: str) -> None:
    """As `upgrade`, up to one revision.

    Raises:
        SchemaError: there is no such revision.
    """

    def run(connection: Connection, config: Config) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADES})")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    with _turn(engine):
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


def _turn(engine: Engine) -> AbstractContextManager[None]:
    queue: WriteQueue | None = engine.get_execution_options().get("queue")
    return nullcontext() if queue is None else queue.turn()


def _with_config(engine: Engine, run: Callable[[Connection, Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", "service.storage:migrations")
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:
            run(connection, config)
    except CommandError as error:
        raise SchemaError(f"cannot upgrade the database, which may be of a newer version: {error}") from None
