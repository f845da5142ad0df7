"""A backup holds everything, of one moment, in a file that either database takes back; nothing less is taken."""

import stat
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from search.contracts import Candidate, Failure, Fidelity
from search.spec import SearchSpec
from service.domain.person import Role
from service.domain.records import Idempotency, Lease
from service.domain.search_id import new_id
from service.searches.store import Store
from service.storage.backup import backup, restore
from service.storage.backup_file import BackupError
from service.storage.database import connect, reading, require_current, upgrade, writing
from service.storage.journal_tables import DeliveryRow, WebhookRow
from service.storage.schema import metadata
from tests.service.commands import Cli
from tests.service.conftest import LEASE_SECONDS, Clock
from tests.service.driving.test_recorded import recorded, trace, undisturbed, work
from tests.service.filled import fill
from tests.service.toys import claim_new

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path / 'restored' / 'twinsieve.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.getfixturevalue("empty_sqlite" if request.param == "sqlite" else "empty_postgres")
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lab.backup"


def back_up(engine: Engine, file: Path, clock: Clock | None = None) -> int:
    return backup(engine, file, version="1.2.3", at=(clock or Clock())())


def rows(engine: Engine) -> Rows:
    with reading(engine) as session:
        return {
            table.name: [dict(row) for row in session.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in metadata.sorted_tables
        }


def use(store: Store, clock: Clock) -> Lease:
    """A row at least in every table, with every kind of value."""
    store.keys.create("anna", Role.MEMBER, label="ключ 钥匙")
    store.quotas.set("anna", queued=3, gpu_hours=0.1 + 0.2)
    hook = new_id(clock())
    hook_row = {"id": hook, "owner": "local", "url": "https://lab.example/", "actions": [], "created_at": clock()}
    with writing(store.engine) as session:
        session.execute(insert(WebhookRow), [hook_row])
    again = Idempotency(key="k", body_sha256="0" * 64)
    notes = 'many "signs":\u2028\t\n😀'
    first = store.searches.create(SearchSpec(), "1", idempotency=again, labels=["a", "b"], notes=notes)
    with writing(store.engine) as session:
        first_entry = store.journal.of_search(first.id)[0].id
        session.execute(insert(DeliveryRow), [{"webhook_id": hook, "journal_id": first_entry, "attempts": 1}])
    clock.advance(0.123456)
    lease = store.leases.claim()
    assert lease is not None
    for index in range(5):
        store.candidates.record_ask(lease, Candidate(index, (index, -1), Fidelity.PROXY), 0)
    store.candidates.record_tell(
        lease, 1, {"accuracy": 0.1 + 0.2, "macs": 123_456_789_012}, 1 / 3, measure_key="a" * 64
    )
    store.candidates.record_tell(lease, 0, Failure("diverged"))
    store.candidates.record_front(lease, [1])
    store.log_tails.write(lease.search_id, ["first", "über 😀"], driver_began_at=clock())
    return lease


def test_everything_comes_back(store: Store, clock: Clock, file: Path, target: Engine) -> None:
    lease = use(store, clock)
    before = rows(store.engine)
    assert all(before.values())
    count = back_up(store.engine, file)
    assert restore(target, file) == count == sum(map(len, before.values()))
    require_current(target)
    assert rows(target) == before
    there = Store.on(target, clock=clock, lease_seconds=LEASE_SECONDS)
    assert there.leases.renew(lease)
    newest = max(each["id"] for each in before["journal"])
    there.searches.request_cancel(lease.search_id)
    assert there.journal.of_search(lease.search_id)[-1].id == newest + 1
    target.dispose()


def test_a_search_goes_on_in_the_other_database(
    sqlite_store: Store, clock: Clock, file: Path, empty_postgres: Engine
) -> None:
    expected = undisturbed(sqlite_store)
    lease = claim_new(sqlite_store)
    work(recorded(sqlite_store, lease), 5)
    back_up(sqlite_store.engine, file)
    work(recorded(sqlite_store, lease), 3)  # what came later is lost, and done again
    restore(empty_postgres, file)
    there = Store.on(empty_postgres, clock=clock, lease_seconds=LEASE_SECONDS)
    clock.advance(LEASE_SECONDS + 1)
    again = there.leases.claim()
    assert again is not None
    assert again.search_id == lease.search_id
    work(recorded(there, again), 100)
    assert trace(there.candidates.history(lease.search_id)) == expected


def test_it_is_of_one_moment_while_others_write(store: Store, clock: Clock, file: Path, empty_sqlite: Engine) -> None:
    lease, before = use(store, clock), rows(store.engine)
    written = list[int]()

    def write(_done: int, _of: int) -> None:
        """After each batch of rows, by another connection."""
        written.append(100 + len(written))
        store.candidates.record_ask(lease, Candidate(written[-1], (written[-1],)), 2)
        store.candidates.record_tell(lease, written[-1], {"accuracy": 0.5}, 1.0)

    backup(store.engine, file, version="1", at=clock(), told=write)
    assert len(written) == len(before)
    restore(empty_sqlite, file)
    assert rows(empty_sqlite) == before
    assert rows(store.engine) != before


def peak(work: Callable[[], object]) -> int:
    """Bytes that were taken at most."""
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_few_rows_are_in_memory(sqlite: Engine, file: Path, empty_sqlite: Engine) -> None:
    fill(sqlite, searches=5, candidates=6000)
    upgrade(empty_sqlite)
    told = list[tuple[int, int]]()
    peaks = [
        peak(lambda: backup(sqlite, file, version="1", at=Clock()(), told=lambda *each: told.append(each))),
        peak(lambda: restore(empty_sqlite, file)),
    ]
    assert max(peaks) < peak(lambda: rows(sqlite)) / 2
    done, total = told[-1]
    assert done == total > 6000
    assert [each for each, _ in told] == sorted(each for each, _ in told)


def test_nobody_else_may_read_it(sqlite_store: Store, file: Path) -> None:
    back_up(sqlite_store.engine, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir() if file.name in each.name] == [file.name]
    with pytest.raises(BackupError, match="is there already"):
        back_up(sqlite_store.engine, file)


def test_one_that_breaks_off_leaves_no_file(sqlite_store: Store, clock: Clock, file: Path) -> None:
    use(sqlite_store, clock)

    def stop(_done: int, _of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(sqlite_store.engine, file, version="1", at=clock(), told=stop)
    assert not [each for each in file.parent.iterdir() if file.name in each.name]
    with pytest.raises(BackupError, match="cannot write"):
        back_up(sqlite_store.engine, file / "below" / "a file")


def test_only_into_an_empty_database(store: Store, clock: Clock, file: Path) -> None:
    use(store, clock)
    back_up(store.engine, file)
    before = rows(store.engine)
    with pytest.raises(BackupError, match="table api_keys has rows"):
        restore(store.engine, file)
    assert rows(store.engine) == before


def test_commands(
    cli: Cli, sqlite_store: Store, clock: Clock, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sqlite_store, clock)
    count = sum(map(len, rows(sqlite_store.engine).values()))
    monkeypatch.setenv("TWINSIEVE_DATABASE_URL", str(sqlite_store.engine.url))
    ended = cli("db", "backup", file)
    assert (ended.code, f"{count} rows are in {file}" in ended.out) == (0, True)
    ended = cli("db", "backup", file)
    assert (ended.code, "is there already" in ended.err) == (2, True)
    ended = cli("db", "restore", file)
    assert (ended.code, "empty database only" in ended.err) == (2, True)
    monkeypatch.setenv("TWINSIEVE_DATABASE_URL", f"sqlite:///{tmp_path / 'other.sqlite'}")
    ended = cli("db", "restore", file)
    assert (ended.code, f"{count} rows are restored" in ended.out) == (0, True)
    engine = connect(f"sqlite:///{tmp_path / 'other.sqlite'}")
    assert rows(engine) == rows(sqlite_store.engine)
    engine.dispose()
