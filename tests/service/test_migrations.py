"""The migrations make exactly the schema that the tables describe, and keep what is stored."""

from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from service.database import SchemaError, connect, require_current, upgrade, writing
from service.tables import Base


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    if request.param == "sqlite":
        return connect(f"sqlite:///{tmp_path_factory.mktemp('empty') / 'new' / 'empty.sqlite'}")
    found: Engine = request.getfixturevalue("empty_postgres")
    return found


def checks(engine: Engine) -> dict[str, set[tuple[str, str]]]:
    inspector = inspect(engine)
    return {
        table: {(str(each["name"]), each["sqltext"]) for each in inspector.get_check_constraints(table)}
        for table in Base.metadata.tables
    }


def test_migrated_schema_is_the_metadata(empty: Engine) -> None:
    upgrade(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    migrated = checks(empty)
    with empty.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
    assert migrated == checks(empty)
    assert sum(len(each) for each in migrated.values()) == 14
    empty.dispose()


def test_upgrade_twice_changes_nothing_and_a_strange_schema_is_refused(empty: Engine) -> None:
    with pytest.raises(SchemaError, match="twinsieve db upgrade"):
        require_current(empty)
    upgrade(empty)
    upgrade(empty)
    require_current(empty)
    with writing(empty) as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'future'"))
    with pytest.raises(SchemaError, match="newer version"):
        upgrade(empty)
    with pytest.raises(SchemaError, match="future"):
        require_current(empty)
    empty.dispose()


SEARCH = (
    "INSERT INTO searches (id, name, status, spec, version, created_at, attempts, cancel_requested) "
    "VALUES ('s', 'old', 'queued', '{}', '1', '2026-01-01 00:00:00', 0, false)"
)
CANDIDATE = (
    'INSERT INTO candidates (search_id, "index", genome, fidelity, asked_after, asked_at, told_order, told_at, '
    "measurement, seconds) VALUES ('s', {index}, '[{index}, 1]', '{fidelity}', 0, '2026-01-01 00:00:00', {index}, "
    "'2026-01-02 00:00:00', '{{\"accuracy\": 0.25}}', 1.5)"
)
STAGES = {
    "0001": ("probe",),
    "0002": ("warm", "screen", "rung-1", "rung-2", "rung-3", "audit"),
}


def downgrade(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "service:migrations")
    config.set_main_option("path_separator", "os")
    with engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def rows(engine: Engine, table: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).mappings()]


def put(engine: Engine, statement: str) -> None:
    with writing(engine) as session:
        session.connection().exec_driver_sql(statement)


@pytest.mark.parametrize("released", ["0001", "0002"])
def test_a_released_database_keeps_its_rows_and_takes_the_stages_since(empty: Engine, released: str) -> None:
    upgrade(empty)
    downgrade(empty, released)
    put(empty, SEARCH)
    put(empty, CANDIDATE.format(index=0, fidelity="proxy"))
    for stage in STAGES[released]:
        with pytest.raises(IntegrityError, match="ck_candidates_fidelity"):
            put(empty, CANDIDATE.format(index=1, fidelity=stage))
    before = {table: rows(empty, table) for table in ("searches", "candidates")}
    with pytest.raises(SchemaError, match="twinsieve db upgrade"):
        require_current(empty)

    upgrade(empty)
    added = {"searches": {"slots": None}, "candidates": {"measure_key": None, "reused_from": None}}
    after = {table: rows(empty, table) for table in before}
    assert after == {table: [row | added[table] for row in found] for table, found in before.items()}
    assert len(after["candidates"]) == 1
    for index, stage in enumerate(STAGES[released], start=1):
        put(empty, CANDIDATE.format(index=index, fidelity=stage))
    for broken in ({"index": 90, "fidelity": "guess"}, {"index": 1, "fidelity": "proxy"}):
        with pytest.raises(IntegrityError):
            put(empty, CANDIDATE.format(**broken))
    with pytest.raises(IntegrityError, match="ck_candidates_fidelity"):
        downgrade(empty, released)  # a search that has such a candidate could not be replayed without it
    assert len(rows(empty, "candidates")) == 1 + len(STAGES[released])
    put(empty, "DELETE FROM searches")
    assert rows(empty, "candidates") == []
    empty.dispose()
