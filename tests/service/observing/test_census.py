"""The numbers of an installation: what there is, and what happened since somebody first looked."""

import pytest
from sqlalchemy import Engine, event

from search.contracts import Candidate, Failure, Fidelity, Outcome
from search.spec import SearchSpec
from service.domain.action import Action
from service.domain.records import Lease, Status
from service.events.journal import enter
from service.observing import tally
from service.observing.census import FRESH_SECONDS, Census
from service.observing.failure_class import FailureClass
from service.searches.store import Store
from service.storage.database import writing
from tests.service.conftest import LEASE_SECONDS, Clock


class Watcher:
    """A census that looks whenever it is asked."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._seconds = 0.0
        self.census = Census(engine, clock, seconds=lambda: self._seconds)
        self.look()

    def look(self) -> Census:
        self._seconds += FRESH_SECONDS
        self.census.look()
        return self.census


@pytest.fixture
def watcher(engine: Engine, clock: Clock) -> Watcher:
    with writing(engine) as session:  # the ids of other tests are gone, and a reader waits a while before such a gap
        enter(session, Action.QUOTA_SET, at=clock(), actor="ada")
    return Watcher(engine, clock)


def begun(store: Store, clock: Clock) -> Lease:
    clock.advance(1)
    store.searches.create(SearchSpec(workers=3), "1")
    lease = store.leases.claim()
    assert lease is not None
    return lease


def asked(store: Store, lease: Lease, index: int, fidelity: Fidelity = Fidelity.PROXY) -> None:
    store.candidates.record_ask(lease, Candidate(index, (index,), fidelity), 0)


def told(store: Store, lease: Lease, index: int, outcome: Outcome, fidelity: Fidelity = Fidelity.PROXY) -> None:
    asked(store, lease, index, fidelity)
    store.candidates.record_tell(lease, index, outcome, 2.0)


def test_what_there_is(store: Store, clock: Clock, watcher: Watcher) -> None:
    empty = watcher.census.look()
    assert set(empty.searches) == set(Status)
    assert (sum(empty.searches.values()), empty.oldest_queued_seconds) == (0, 0.0)
    lease = begun(store, clock)
    for index in range(2):
        asked(store, lease, index)
    for _ in range(3):
        clock.advance(1)
        store.searches.create(SearchSpec(), "1")
    clock.advance(10)
    now = watcher.look().look()
    assert (now.searches[Status.RUNNING], now.searches[Status.QUEUED]) == (1, 3)
    assert now.oldest_queued_seconds == 12
    assert (now.slots, now.busy_slots) == (3, 2)


def test_no_more_slots_are_busy_than_there_are(store: Store, clock: Clock, watcher: Watcher) -> None:
    lease = begun(store, clock)
    for index in range(5):  # a pack is several candidates of one worker
        asked(store, lease, index)
    now = watcher.look().look()
    assert (now.slots, now.busy_slots) == (3, 3)


def test_what_happened_is_added_up(store: Store, clock: Clock, watcher: Watcher) -> None:
    lease = begun(store, clock)
    told(store, lease, 0, {"accuracy": 0.5})
    told(store, lease, 1, Failure("diverged: loss is nan"))
    told(store, lease, 2, {"accuracy": 0.5}, Fidelity.FINAL)
    totals = watcher.look().totals
    assert totals.told == {Fidelity.PROXY: 2, Fidelity.FINAL: 1}
    assert totals.failed == {FailureClass.DIVERGED: 1}
    told(store, lease, 3, Failure("its worker died 3 times"))
    store.leases.finish(lease, Status.SUCCEEDED)
    totals = watcher.look().totals
    assert totals.told == {Fidelity.PROXY: 3, Fidelity.FINAL: 1}
    assert totals.failed == {FailureClass.DIVERGED: 1, FailureClass.WORKER_DIED: 1}
    assert totals.seconds == {Fidelity.PROXY: 6.0, Fidelity.FINAL: 2.0}
    assert totals.entries == {Action.SUBMITTED: 1, Action.STARTED: 1, Action.SUCCEEDED: 1}
    assert watcher.look().totals == totals


def test_a_search_that_came_and_went_between_two_looks_counts(store: Store, clock: Clock, watcher: Watcher) -> None:
    for _ in range(3):
        lease = begun(store, clock)
        told(store, lease, 0, {"accuracy": 0.5})
        store.leases.finish(lease, Status.SUCCEEDED)
    assert watcher.look().totals.told == {Fidelity.PROXY: 3}


def test_what_was_before_does_not_count(store: Store, clock: Clock, engine: Engine) -> None:
    lease = begun(store, clock)
    told(store, lease, 0, Failure("diverged"))
    watcher = Watcher(engine, clock)
    told(store, lease, 1, {"accuracy": 0.5})
    totals = watcher.look().totals
    assert (dict(totals.told), dict(totals.failed)) == ({Fidelity.PROXY: 1}, {})


def test_a_break_loses_nothing(store: Store, clock: Clock, watcher: Watcher) -> None:
    lease = begun(store, clock)
    told(store, lease, 0, {"accuracy": 0.5})
    watcher.look()
    store.leases.release(lease)
    watcher.look()
    again = store.leases.claim()
    assert again is not None
    told(store, again, 1, {"accuracy": 0.5})
    totals = watcher.look().totals
    assert totals.told == {Fidelity.PROXY: 2}
    assert totals.lost_leases == 0


def test_a_lease_that_expired_is_a_loss(store: Store, clock: Clock, watcher: Watcher) -> None:
    begun(store, clock)
    clock.advance(LEASE_SECONDS + 1)
    assert store.leases.claim() is not None
    assert watcher.look().totals.lost_leases == 1
    assert watcher.look().totals.lost_leases == 1


def test_one_look_serves_all_who_ask_at_once(engine: Engine, clock: Clock) -> None:
    seconds = [0.0]
    census, statements = Census(engine, clock, seconds=lambda: seconds[0]), []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    first = census.look()
    made = len(statements)
    seconds[0] += FRESH_SECONDS / 2
    assert census.look() is first
    assert len(statements) == made > 0
    seconds[0] += FRESH_SECONDS
    assert census.look() is not first


def test_a_long_journal_is_read_in_pages(
    store: Store, clock: Clock, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "PAGE", 2)
    monkeypatch.setattr(tally, "MOST_PAGES", 2)
    monkeypatch.setattr(tally, "CHUNK", 2)
    for _ in range(3):
        lease = begun(store, clock)
        told(store, lease, 0, {"accuracy": 0.5})
        store.leases.finish(lease, Status.SUCCEEDED)
    assert [watcher.look().totals.entries.total() for _ in range(3)] == [4, 8, 9]
    assert watcher.census.totals.told == {Fidelity.PROXY: 3}


def test_no_look_reads_a_whole_table(sqlite: Engine, clock: Clock) -> None:
    """But the table of states, through its index alone."""
    store, watcher, statements = Store.on(sqlite, clock=clock), Watcher(sqlite, clock), []
    lease = begun(store, clock)
    told(store, lease, 0, Failure("diverged"))
    event.listen(sqlite, "before_cursor_execute", lambda *args: statements.append((args[2], args[3])))
    watcher.look()
    watched = [(text, values) for text, values in statements if text.startswith("SELECT")]
    assert len(watched) > 5
    with sqlite.connect() as connection:
        for text, values in watched:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()
            scans = [row[3] for row in plan if row[3].startswith("SCAN") and "COVERING INDEX" not in row[3]]
            assert scans == [], text
