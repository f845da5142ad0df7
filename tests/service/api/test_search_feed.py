"""What a reader of one search sees, however often it leaves off and goes on: every row once, in one order."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from search.contracts import Candidate, Failure, Outcome
from search.spec import SearchSpec
from service.api import search_feed
from service.api.search_feed import EventIdError, Happening, Place, SearchFeed
from service.domain.action import Action
from service.domain.records import FINISHED, Lease, SearchNotFoundError, Status
from service.events.journal import Entry, enter
from service.searches.store import Store
from service.storage.database import writing
from tests.service.conftest import Clock
from tests.service.toys import claim_new

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.integers(1, 4)),
        st.tuples(st.just("enter"), st.integers(1, 3)),
        st.tuples(st.just("read"), st.integers(0, 6)),
        st.tuples(st.just("skew"), st.integers(-30, 30)),
    ),
    max_size=15,
)


def told(store: Store, lease: Lease, index: int, outcome: Outcome) -> None:
    store.candidates.record_ask(lease, Candidate(index, (index,)), index)
    store.candidates.record_tell(lease, index, outcome, 1.0)


def changed(store: Store, lease: Lease, clock: Clock) -> None:
    with writing(store.engine) as session:
        enter(session, Action.CHANGED, at=clock(), actor="ann", search_id=lease.search_id, owner="ann")


def read(store: Store, search_id: str, place: Place, most: int) -> tuple[list[Happening], Place]:
    """What a client that resumes at `place` gets before it leaves after `most` events."""
    resumed, found = Place.parse(str(place)), list[Happening]()
    feed = SearchFeed(store, search_id)
    feed.check(resumed)
    while len(found) < most:
        news = feed.after(resumed)
        if not news.happenings:
            break
        taken = news.happenings[: most - len(found)]
        found += [happening for _, happening in taken]
        resumed = taken[-1][0]
    return found, resumed


def key(happening: Happening) -> tuple[str, int]:
    return ("entry", happening.id) if isinstance(happening, Entry) else ("told", happening.told_order or 0)


@given(steps=STEPS, page=st.integers(1, 4), end=st.sampled_from([None, *sorted(FINISHED)]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_parts_that_a_reader_sees_are_the_rows(
    store: Store,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[str, int]],
    page: int,
    end: Status | None,
) -> None:
    monkeypatch.setattr(search_feed, "PAGE", page)
    lease, place, seen, index = claim_new(store), Place(), list[Happening](), 0
    for step, count in steps:
        if step == "read":
            found, place = read(store, lease.search_id, place, count)
            seen += found
        elif step == "skew":
            clock.now += timedelta(seconds=count)
        elif step == "enter":
            for _ in range(count):
                changed(store, lease, clock)
        else:
            for _ in range(count):
                told(store, lease, index, Failure("diverged") if index % 3 == 0 else {"accuracy": 0.5})
                index += 1
    if end is not None:
        store.leases.finish(lease, end, error="broken" if end is Status.FAILED else None)
    found, place = read(store, lease.search_id, place, 10**6)
    seen += found
    rows: list[Happening] = [*store.journal.of_search(lease.search_id), *store.candidates.told(lease.search_id)]
    assert sorted(map(key, seen)) == sorted(map(key, rows))
    for kind in ("entry", "told"):
        numbers = [number for name, number in map(key, seen) if name == kind]
        assert numbers == sorted(numbers)
    assert SearchFeed(store, lease.search_id).after(place).over == (end is not None)
    if end is None:
        store.leases.finish(lease, Status.CANCELLED)  # the next example claims its own
        return
    assert isinstance(seen[-1], Entry)
    assert seen[-1].action == Action(end)


def test_the_end_comes_after_candidates_of_a_clock_that_was_ahead(store: Store, clock: Clock) -> None:
    lease = claim_new(store)
    clock.advance(60)
    told(store, lease, 0, {"accuracy": 0.5})
    clock.advance(-60)
    store.leases.finish(lease, Status.SUCCEEDED)
    found, _ = read(store, lease.search_id, Place(), 100)
    assert [key(each)[0] for each in found] == ["entry", "entry", "told", "entry"]


def test_candidates_in_flight_are_told_before_a_search_is_cancelled(store: Store) -> None:
    lease = claim_new(store)
    store.candidates.record_ask(lease, Candidate(0, (0,)), 0)
    store.leases.finish(lease, Status.CANCELLED)
    found, place = read(store, lease.search_id, Place(), 100)
    assert [key(each)[0] for each in found] == ["entry", "entry", "told", "entry"]
    assert SearchFeed(store, lease.search_id).after(place).over


@pytest.mark.parametrize(
    "text", ["", "7", "1.", ".1", "1.2.3", "-1.0", "1.-1", "a.b", "1 .2", "\u0663.\u0661", "9" * 30 + ".0", "1.0\0"]
)
def test_a_malformed_place_says_what_is_expected(text: str) -> None:
    with pytest.raises(EventIdError, match=r"two whole numbers such as 17\.240"):
        Place.parse(text)


def test_a_place_of_another_search_is_refused(store: Store, clock: Clock) -> None:
    lease = claim_new(store)
    own = store.journal.of_search(lease.search_id)[-1].id
    told(store, lease, 0, {"accuracy": 0.5})
    other = store.searches.create(SearchSpec(), "1")
    feed = SearchFeed(store, other.id)
    for place in (Place(own, 0), Place(0, 1), Place(10**17, 0), Place(0, 10**9 - 1)):
        with pytest.raises(EventIdError, match=f"of search {other.id}"):
            feed.check(place)
    SearchFeed(store, lease.search_id).check(Place(own, 1))
    with pytest.raises(SearchNotFoundError):
        SearchFeed(store, "0" * 26).check(Place())


def test_a_place_costs_index_reads_only(sqlite_store: Store, sqlite: Engine) -> None:
    lease = claim_new(sqlite_store)
    with sqlite.connect() as connection:
        for statement in (
            f"SELECT max(id) FROM journal WHERE search_id = '{lease.search_id}'",
            f"SELECT max(told_order) FROM candidates WHERE search_id = '{lease.search_id}'",
        ):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
            assert all("USING" in row[3] and "INDEX" in row[3] for row in plan), plan
