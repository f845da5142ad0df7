"""The migrations make exactly the schema that the tables describe, and keep what is stored."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from search.contracts import Fidelity
from search.spec import SearchSpec
from service.domain.records import Hold
from service.searches.search_list import Selection
from service.searches.store import Store
from service.storage import migrations
from service.storage.database import connect, require_current, upgrade, writing
from service.storage.schema import metadata
from service.storage.schema_error import SchemaError
from tests.service.conftest import LEASE_SECONDS, Clock
from tests.service.driving.test_recorded import BUDGET, claimed_again, recorded, trace, undisturbed, work
from tests.service.toys import claim_new


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
        for table in metadata.tables
    }


def test_migrated_schema_is_the_metadata(empty: Engine) -> None:
    upgrade(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    migrated = checks(empty)
    with empty.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
        metadata.drop_all(connection)
        metadata.create_all(connection)
    assert migrated == checks(empty)
    assert sum(len(each) for each in migrated.values()) == 23
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
    "0003": (),
    "0004": (),
    "0005": (),
}


RELEASED = tuple(STAGES)


def downgrade(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "service.storage:migrations")
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


@pytest.mark.parametrize("released", RELEASED)
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
    nothing: dict[str, object] = dict.fromkeys(("slots", "extends", "front", "artifacts_deleted_at"))
    empty_list = "[]" if empty.dialect.name == "sqlite" else []
    lab: dict[str, object] = {"owner": "local", "priority": 0, "pause_requested": 0, "labels": empty_list, "notes": ""}
    added: dict[str, dict[str, Any]] = {
        "searches": nothing | lab,
        "candidates": dict.fromkeys(("measure_key", "reused_from", "worker", "busy_seconds")),
    }
    after = {table: rows(empty, table) for table in before}
    assert after == {table: [row | added[table] for row in found] for table, found in before.items()}
    assert len(after["candidates"]) == 1
    counts = {"asked": 1, "told": 1, "failed": 0, "reused": 0, "seconds": 1.5, "busy_seconds": 1.5}
    counted = [] if released >= "0004" else [{"search_id": "s", "fidelity": "proxy"} | counts]  # as drivers count since
    assert rows(empty, "stage_counts") == counted
    for index, stage in enumerate(STAGES[released], start=1):
        put(empty, CANDIDATE.format(index=index, fidelity=stage))
    for broken in ({"index": 90, "fidelity": "guess"}, {"index": 0, "fidelity": "proxy"}):
        with pytest.raises(IntegrityError):
            put(empty, CANDIDATE.format(**broken))
    if STAGES[released]:  # a search that has such a candidate could not be replayed without it
        with pytest.raises(IntegrityError, match="ck_candidates_fidelity"):
            downgrade(empty, released)
    assert len(rows(empty, "candidates")) == 1 + len(STAGES[released])
    put(empty, "DELETE FROM searches")
    assert rows(empty, "candidates") == []
    empty.dispose()


def test_labels_from_before_are_found(empty: Engine, clock: Clock) -> None:
    upgrade(empty)
    store = Store.on(empty, clock=clock, lease_seconds=LEASE_SECONDS)
    ids = list[str]()
    for labels in ((), ("a",), ("a", 'b "c" \u00fc')):
        clock.advance(1)
        ids.append(store.searches.create(SearchSpec(), "1", labels=labels).id)
    downgrade(empty, "0004")
    upgrade(empty)
    for label, found in (("a", ids[2:0:-1]), ('b "c" \u00fc', ids[2:]), ("c", [])):
        assert [each.id for each in store.searches.selected(Selection(label=label)).items] == found
    empty.dispose()


@pytest.mark.parametrize("released", RELEASED)
def test_a_search_goes_on_after_an_upgrade_in_its_middle(empty: Engine, released: str, clock: Clock) -> None:
    """What the previous version would have left is what its schema keeps of a search that is half done."""
    upgrade(empty)
    store = Store.on(empty, clock=clock, lease_seconds=LEASE_SECONDS)
    expected = undisturbed(store)
    lease = claim_new(store)
    work(recorded(store, lease), 6)
    before = store.candidates.progress([lease.search_id])
    downgrade(empty, released)
    upgrade(empty)
    assert store.candidates.progress([lease.search_id]) == before
    assert store.leases.hold(lease) is Hold.HELD  # its driver, of the old version, was stopped for the upgrade
    again = claimed_again(store, clock)
    assert (again.search_id, again.attempt) == (lease.search_id, 1)
    work(recorded(store, again), 100)
    assert trace(store.candidates.history(lease.search_id)) == expected
    counts = store.candidates.progress([lease.search_id])[lease.search_id][Fidelity.PROXY]
    assert (counts.asked, counts.told) == (BUDGET, BUDGET)
    assert store.searches.get(lease.search_id).front
    empty.dispose()


def test_a_driver_of_the_version_before_may_still_write(store: Store, clock: Clock) -> None:
    """It knows of no counts."""
    lease = claim_new(store)
    work(recorded(store, lease), 4)
    before = store.candidates.progress([lease.search_id])
    put(store.engine, f"DELETE FROM stage_counts WHERE search_id = '{lease.search_id}'")
    again = claimed_again(store, clock)
    driver = recorded(store, again)
    assert store.candidates.progress([lease.search_id]) == before
    work(driver, 100)
    counts = store.candidates.progress([lease.search_id])[lease.search_id][Fidelity.PROXY]
    assert (counts.asked, counts.told) == (BUDGET, BUDGET)


def test_several_may_upgrade_at_once(empty: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: upgrade(empty), range(4)))
    require_current(empty)
    empty.dispose()


def test_every_revision_is_tested() -> None:
    """A migration that is added makes the one before it a released one."""
    scripts = ScriptDirectory(str(Path(migrations.__path__[0])))
    assert {each.revision for each in scripts.walk_revisions()} - {scripts.get_current_head()} == set(RELEASED)
