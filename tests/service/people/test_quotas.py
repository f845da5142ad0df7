"""Quotas: what is said of owners, and that they keep to it however many submit at once."""

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from search.contracts import Fidelity
from search.spec import SearchSpec, parse_spec
from service.domain.action import Action
from service.domain.person import PeopleError
from service.domain.quota import MOST, Given, Quota
from service.domain.records import Status
from service.domain.search_id import new_id
from service.events.journal import Journal
from service.people.quotas import QuotaExceededError, Quotas
from service.storage.database import reading, writing
from service.storage.tables import SearchRow, StageCountRow
from tests.service.conftest import Clock

SPEC = parse_spec({"backbone": "tiny", "budget": {"candidates": 8}, "algorithm": {"name": "genetic", "population": 4}})


@pytest.fixture
def quotas(engine: Engine, clock: Clock) -> Quotas:
    return Quotas(engine, clock)


def submit(quotas: Quotas, engine: Engine, clock: Clock, owner: str = "ann", spec: SearchSpec = SPEC) -> str:
    """As a submission does it: room required and row added in one transaction."""
    with writing(engine) as session:
        quotas.require_room(session, owner, spec)
        row = SearchRow(
            id=new_id(clock.now),
            name="",
            status=Status.QUEUED,
            spec={},
            version="1",
            created_at=clock.now,
            attempts=0,
            cancel_requested=False,
            owner=owner,
        )
        session.add(row)
        return row.id


def queued(engine: Engine, owner: str = "ann") -> int:
    counted = select(func.count()).where(SearchRow.owner == owner, SearchRow.status == Status.QUEUED)
    with reading(engine) as session:
        return session.scalars(counted).one()


def score(engine: Engine, search_id: str, hours: float, fidelity: Fidelity = Fidelity.PROXY) -> None:
    """By a candidate that failed in the end: that is nobody's discount."""
    counts = {"asked": 1, "told": 1, "failed": 1, "reused": 0, "seconds": 0.0, "busy_seconds": hours * 3600}
    with writing(engine) as session:
        session.add(StageCountRow(search_id=search_id, fidelity=fidelity, **counts))


class TestSaid:
    def test_nothing_said_is_the_setting(self, engine: Engine, clock: Clock) -> None:
        default = Quota(queued=3, gpu_hours=1.5)
        quotas = Quotas(engine, clock, default)
        assert quotas.of("ann") == default
        assert quotas.given("ann") == {}
        assert Quotas(engine, clock).of("ann") == Quota()

    def test_what_is_said_counts_for_its_owner(self, engine: Engine, clock: Clock) -> None:
        quotas = Quotas(engine, clock, Quota(queued=3, running=1))
        said = quotas.set("ann", queued=0, weight=2.5)
        assert said == quotas.of("ann") == Quota(queued=0, running=1, weight=2.5)
        assert quotas.of("bob") == Quota(queued=3, running=1)

    def test_it_is_said_anew_each_time(self, quotas: Quotas) -> None:
        quotas.set("ann", queued=5, gpu_hours=2.0)
        quotas.set("ann", running=1)
        assert quotas.given("ann") == {"running": 1}
        quotas.set("ann")
        assert quotas.of("ann") == Quota()

    def test_the_journal_has_it(self, quotas: Quotas, engine: Engine) -> None:
        quotas.set("ann", actor="root/1", queued=5)
        entry = Journal(engine).page()[0]
        assert (entry.action, entry.actor, entry.owner, entry.detail) == (
            Action.QUOTA_SET,
            "root/1",
            "ann",
            {"queued": 5},
        )

    def test_pages_by_name(self, quotas: Quotas) -> None:
        for owner in ("carl", "ann", "bob"):
            quotas.set(owner, queued=len(owner))
        assert quotas.listed() == [("ann", {"queued": 3}), ("bob", {"queued": 3}), ("carl", {"queued": 4})]
        assert quotas.listed(after="ann", limit=1) == [("bob", {"queued": 3})]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"queued": -1},
            {"running": MOST + 1},
            {"gpu_hours": math.nan},
            {"gpu_hours": math.inf},
            {"weight": 0},
            {"queued": "3"},
        ],
    )
    def test_values_that_cannot_be(self, quotas: Quotas, wrong: Given) -> None:
        with pytest.raises(PeopleError, match=f"{next(iter(wrong))}: expected a number from"):
            quotas.set("ann", **wrong)
        assert quotas.given("ann") == {}

    def test_owners_that_cannot_be(self, quotas: Quotas) -> None:
        with pytest.raises(PeopleError, match="owner: expected"):
            quotas.set("a\x00", queued=1)

    def test_two_admins_at_once(self, quotas: Quotas) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda count: quotas.set("ann", queued=count), range(8)))
        assert quotas.of("ann").queued in range(8)


class TestQueued:
    def test_up_to_the_quota(self, quotas: Quotas, engine: Engine, clock: Clock) -> None:
        quotas.set("ann", queued=2)
        first = submit(quotas, engine, clock)
        submit(quotas, engine, clock)
        with pytest.raises(QuotaExceededError, match="you have 2 of 2 queued searches; wait, cancel one, or ask an"):
            submit(quotas, engine, clock)
        assert queued(engine) == 2
        submit(quotas, engine, clock, "bob")
        with writing(engine) as session:
            row = session.get(SearchRow, first)
            assert row is not None
            row.status, row.finished_at = Status.CANCELLED, clock.now
        submit(quotas, engine, clock)
        assert queued(engine) == 2

    def test_none_at_all(self, quotas: Quotas, engine: Engine, clock: Clock) -> None:
        quotas.set("ann", queued=0)
        with pytest.raises(QuotaExceededError, match="0 of 0"):
            submit(quotas, engine, clock)

    def test_the_last_free_place_goes_to_one(self, quotas: Quotas, engine: Engine, clock: Clock) -> None:
        """Both stand before the door at the same moment, again and again."""
        quotas.set("ann", queued=1)
        for _ in range(5):
            start = threading.Barrier(2)

            def enter_once(start: threading.Barrier = start) -> bool:
                start.wait()
                try:
                    submit(quotas, engine, clock)
                except QuotaExceededError:
                    return False
                return True

            with ThreadPoolExecutor(2) as pool:
                entered = [done.result() for done in [pool.submit(enter_once) for _ in range(2)]]
            assert sorted(entered) == [False, True]
            assert queued(engine) == 1
            with writing(engine) as session:
                session.delete(session.scalars(select(SearchRow)).one())

    def test_who_waits_at_the_door_sees_the_other_s_search(self, postgres: Engine, clock: Clock) -> None:
        """The first has counted and not committed yet; the second must not count until it has."""
        quotas = Quotas(postgres, clock)
        quotas.set("zoe", queued=1)
        refused = threading.Event()

        def second() -> None:
            with pytest.raises(QuotaExceededError):
                submit(quotas, postgres, clock, "zoe")
            refused.set()

        thread = threading.Thread(target=second)
        with writing(postgres) as session:
            quotas.require_room(session, "zoe", SPEC)
            thread.start()
            assert not refused.wait(0.5)
            now = clock.now
            row = SearchRow(id=new_id(now), name="", status=Status.QUEUED, spec={}, version="1", created_at=now)
            row.attempts, row.cancel_requested, row.owner = 0, False, "zoe"
            session.add(row)
        thread.join(10)
        assert refused.is_set()
        with writing(postgres) as session:
            session.delete(session.scalars(select(SearchRow).where(SearchRow.owner == "zoe")).one())


class TestSizes:
    def test_candidates_of_one_search(self, quotas: Quotas, engine: Engine, clock: Clock) -> None:
        quotas.set("ann", candidates=7)
        with pytest.raises(QuotaExceededError, match=r"budget\.candidates is 8; a search of yours may have 7 at most"):
            submit(quotas, engine, clock)
        quotas.set("ann", candidates=8)
        submit(quotas, engine, clock)

    def test_gpu_hours_of_thirty_days(self, quotas: Quotas, engine: Engine, clock: Clock) -> None:
        quotas.set("ann", gpu_hours=3.0)
        first = submit(quotas, engine, clock)
        score(engine, first, 1.0)
        score(engine, first, 0.5, Fidelity.FINAL)
        clock.advance(86_400)
        score(engine, submit(quotas, engine, clock), 1.5)
        score(engine, submit(quotas, engine, clock, "bob"), 100.0)
        with pytest.raises(QuotaExceededError, match="you have 3 of 3 GPU-hours of 30 days"):
            submit(quotas, engine, clock)
        clock.now += timedelta(days=29, seconds=-1)  # the first is still within
        with pytest.raises(QuotaExceededError):
            submit(quotas, engine, clock)
        clock.advance(2)
        submit(quotas, engine, clock)
