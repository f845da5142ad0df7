"""A connection that is lost in the middle of work costs time, and neither loses nor doubles anything."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from search.contracts import Candidate, Failure, Fidelity
from search.spec import SearchSpec
from service.domain.action import Action
from service.domain.records import FidelityProgress, Lease, StoredCandidate
from service.searches.store import Store
from service.storage.commit_ticket import CommitTicket
from service.storage.database import connect, upgrade, writing
from service.storage.lost_connections import UnknownOutcomeError, lost, patient, safe_to_repeat
from tests.service.cutting_proxy import Cut, CuttingProxy, cutting
from tests.service.toys import claim_new

WRITERS, TELLS, KILLS = 4, 20, 8


@pytest.fixture(scope="module")
def url(database_of_its_own: str) -> str:
    engine = connect(database_of_its_own)
    upgrade(engine)
    engine.dispose()
    return database_of_its_own


@contextmanager
def store_on(url: str) -> Iterator[Store]:
    engine = connect(url)
    yield Store.on(engine, patience_seconds=30)
    engine.dispose()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with store_on(url) as found:
        yield found


@pytest.fixture
def proxy(url: str) -> Iterator[CuttingProxy]:
    with cutting(f"{make_url(url).query['host']}/.s.PGSQL.5432") as found:
        yield found


@pytest.fixture
def behind(url: str, proxy: CuttingProxy) -> Iterator[Store]:
    """A store that reaches its database through the proxy."""
    beside = make_url(url).set(host="127.0.0.1", port=proxy.port).difference_update_query(["host"])
    with store_on(beside.render_as_string(hide_password=False)) as found:
        yield found


def work(store: Store, lease: Lease) -> None:
    for index in range(TELLS):
        store.candidates.record_ask(lease, Candidate(index, (index,)), index)
        outcome = Failure("diverged") if index % 4 == 0 else {"accuracy": 0.5}
        assert store.candidates.record_tell(lease, index, outcome, 1.0)
        store.candidates.record_front(lease, [index])
        assert store.leases.renew(lease)


def told_in_order(history: Sequence[StoredCandidate]) -> bool:
    return [each.told_order for each in history] == [each.asked_after for each in history] == list(range(len(history)))


def test_backends_are_terminated_in_mid_load(store: Store, url: str) -> None:
    leases = [claim_new(store) for _ in range(WRITERS)]
    stop = threading.Event()

    def kill() -> int:
        killed = 0
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        with psycopg.connect(url, autocommit=True) as connection:
            while not stop.wait(0.1):
                of_ours = (
                    "AND datname = current_database() AND backend_type = 'client backend' ORDER BY random() LIMIT 2"
                )
                killed += len(connection.execute((query + of_ours).encode()).fetchall())
        return killed

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        killer = pool.submit(kill)
        try:
            for each in [pool.submit(work, store, lease) for lease in leases]:
                each.result()
        finally:
            stop.set()
        assert killer.result() >= KILLS
    expected = FidelityProgress(TELLS, TELLS, TELLS // 4, float(TELLS), busy_seconds=float(TELLS))
    for lease in leases:
        history = store.candidates.history(lease.search_id)
        assert len(history) == TELLS
        assert told_in_order(history)
        assert store.candidates.progress([lease.search_id])[lease.search_id] == {Fidelity.PROXY: expected}
        assert store.searches.get(lease.search_id).front == [TELLS - 1]


@pytest.mark.parametrize("cut", Cut)
def test_a_commit_that_is_cut_off_is_done_once(behind: Store, proxy: CuttingProxy, cut: Cut) -> None:
    lease = claim_new(behind)
    proxy.cut = cut
    behind.candidates.record_ask(lease, Candidate(0, (0,)), 0)
    assert proxy.cuts == 1
    proxy.cut = cut
    assert behind.candidates.record_tell(lease, 0, {"accuracy": 0.5}, 1.0)
    assert proxy.cuts == 2
    progress = behind.candidates.progress([lease.search_id])[lease.search_id]
    assert progress == {Fidelity.PROXY: FidelityProgress(asked=1, told=1, seconds=1.0, busy_seconds=1.0)}


@pytest.mark.parametrize("cut", Cut)
def test_a_search_is_submitted_once(behind: Store, proxy: CuttingProxy, cut: Cut) -> None:
    """Also without an idempotency key, which a client may have left out."""
    before = {each.id for each in behind.searches.page(limit=200)}
    proxy.cut = cut
    search = behind.searches.create(SearchSpec(), "1")
    assert proxy.cuts == 1
    assert {each.id for each in behind.searches.page(limit=200)} - before == {search.id}
    assert [each.action for each in behind.journal.of_search(search.id)] == [Action.SUBMITTED]
    behind.searches.request_cancel(search.id)


@pytest.mark.parametrize("cut", Cut)
def test_a_claim_is_one(behind: Store, proxy: CuttingProxy, cut: Cut) -> None:
    search = behind.searches.create(SearchSpec(), "1")
    proxy.cut = cut
    lease = behind.leases.claim()
    assert proxy.cuts == 1
    assert lease is not None
    assert (lease.search_id, lease.attempt) == (search.id, 1)
    assert behind.leases.renew(lease)


def test_a_server_that_is_away_is_waited_for(store: Store) -> None:
    calls = list[float]()

    class Part:
        def work(self) -> str:
            calls.append(time.monotonic())
            if len(calls) < 3:
                raise OperationalError("SELECT 1", {}, psycopg.OperationalError("connection refused"))
            return "done"

    assert patient(Part(), seconds=10).work() == "done"
    assert len(calls) == 3


def test_patience_ends() -> None:
    engine = connect("postgresql://nobody@127.0.0.1:1/none")
    store = Store.on(engine, patience_seconds=0.5)
    began = time.monotonic()
    with pytest.raises(OperationalError, match="refused"):
        store.searches.page()
    assert 0.1 < time.monotonic() - began < 5


def test_mistakes_are_not_repeated(store: Store) -> None:
    calls = list[str]()

    class Part:
        def mistaken(self) -> None:
            calls.append("mistaken")
            with writing(store.engine) as session:
                session.execute(text("INSERT INTO searches (id) VALUES ('short of everything')"))

    with pytest.raises(IntegrityError):
        patient(Part(), seconds=10).mistaken()
    assert calls == ["mistaken"]


def test_what_nobody_knows_the_end_of_is_repeated_only_where_that_is_safe() -> None:
    class Part:
        calls = 0

        def once(self) -> None:
            self.calls += 1
            raise UnknownOutcomeError("COMMIT", {}, psycopg.OperationalError("lost"))

        @safe_to_repeat
        def again(self) -> int:
            if self.calls < 2:
                self.once()
            return self.calls

        def within(self, session: object) -> None:
            raise OperationalError("SELECT 1", {}, psycopg.OperationalError("lost"), connection_invalidated=True)

    part = patient(Part(), seconds=5)
    with pytest.raises(UnknownOutcomeError):
        part.once()
    assert (part.calls, part.again()) == (1, 2)
    with pytest.raises(OperationalError):  # another's transaction is another's to begin again
        part.within(None)


@pytest.mark.parametrize(
    ("status", "checkpoint", "timeline", "next_xid", "expected"),
    [
        ("committed", "0/1", 1, "0:50", True),  # nothing happened in between
        ("committed", "0/2", 1, "0:101", True),  # a checkpoint that knows of it
        ("committed", "0/2", 1, "0:100", None),  # a recovery that did not: another transaction may have its number
        ("committed", "0/2", 1, "1:5", True),  # epochs count
        ("committed", "0/1", 2, "0:101", None),  # another server took over
        ("aborted", "0/2", 2, "0:50", False),  # whoever has the number: ours did not last
        (None, "0/1", 1, "0:101", None),  # too long ago
    ],
)
def test_a_number_is_believed_as_far_as_it_is_one_transaction(
    status: str | None, checkpoint: str, timeline: int, next_xid: str, expected: bool | None
) -> None:
    assert CommitTicket(100, "0/1", 1).read(status, checkpoint, timeline, next_xid) is expected


def test_only_what_was_written_needs_a_ticket(store: Store, sqlite: Engine) -> None:
    with writing(store.engine) as session:
        session.execute(text("SELECT 1"))
        assert CommitTicket.of(session) is None
        session.execute(text("UPDATE searches SET notes = notes"))
        assert CommitTicket.of(session) is not None
    with writing(sqlite) as session:
        session.execute(text("UPDATE searches SET notes = notes"))
        assert CommitTicket.of(session) is None


def test_a_number_from_the_future_was_lost(store: Store) -> None:
    """As after a crash: the server has forgotten that it ever gave it away."""
    error = OperationalError("COMMIT", {}, psycopg.OperationalError("lost"), connection_invalidated=True)
    with pytest.raises(DBAPIError) as raised:
        CommitTicket(1_000_000_000, "0/1", 1).settle(store.engine, error)
    assert raised.value is error
    assert lost(error)


def test_a_frozen_client_holds_no_lock_for_long(store: Store) -> None:
    """Also after a transaction that was undone, which would undo a setting of its own."""
    for _ in range(2):
        with store.engine.connect() as connection:
            assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "10s"
            connection.rollback()
