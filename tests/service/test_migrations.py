"""The migrations make exactly the schema that the tables describe."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

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
    assert sum(len(each) for each in migrated.values()) == 11
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
