"""Claims: whose search is next, no search twice, and never more of one owner than its quota, whoever claims at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from search.contracts import Candidate
from search.spec import SearchSpec
from service.domain.action import Action
from service.domain.person import Caller, Role
from service.domain.quota import Quota
from service.domain.records import Lease, Status
from service.events.journal import SERVICE
from service.searches.store import Store
from tests.service.conftest import LEASE_SECONDS, Clock

ANN, BOB = Caller("ann", Role.MEMBER, "k1"), Caller("bob", Role.MEMBER, "k2")


def submit(store: Store, clock: Clock, caller: Caller = ANN, *, priority: int = 0) -> str:
    clock.advance(1)
    return store.searches.create(SearchSpec(), "1", caller=caller, priority=priority).id


def claim(store: Store) -> Lease:
    lease = store.leases.claim()
    assert lease is not None
    return lease


def owner_of(store: Store, lease: Lease) -> str:
    return store.searches.get(lease.search_id).owner


def test_of_one_owner_the_highest_priority_then_the_oldest(store: Store, clock: Clock) -> None:
    ids = [submit(store, clock, priority=priority) for priority in (0, 5, -1, 5)]
    assert [claim(store).search_id for _ in ids] == [ids[1], ids[3], ids[0], ids[2]]


def test_priority_is_nothing_between_owners(store: Store, clock: Clock) -> None:
    for _ in range(2):
        submit(store, clock, ANN, priority=100)
    submit(store, clock, BOB, priority=-100)
    assert {owner_of(store, claim(store)) for _ in range(2)} == {"ann", "bob"}


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_starts_are_in_the_proportion_of_weights(store: Store, clock: Clock, slots: int) -> None:
    store.quotas.set("bob", weight=3.0)
    for _ in range(60):
        submit(store, clock, ANN)
        submit(store, clock, BOB)
    running, starts = list[Lease](), Counter[str]()
    for _ in range(40):
        if len(running) == slots:
            store.leases.finish(running.pop(0), Status.CANCELLED)
        running.append(claim(store))
        starts[owner_of(store, running[-1])] += 1
    assert abs(starts["bob"] - 30) <= 1


def test_a_running_quota_holds(store: Store, clock: Clock) -> None:
    store.quotas.set("ann", running=1)
    first, second = submit(store, clock), submit(store, clock)
    lease = claim(store)
    assert lease.search_id == first
    assert store.leases.claim() is None
    assert store.searches.queue_position(second) == 0
    clock.advance(LEASE_SECONDS + 1)
    assert claim(store).search_id == first  # lost its driver: it has a slot already
    assert store.leases.claim() is None
    store.leases.abandon(lease, "late")
    store.searches.request_cancel(first)
    clock.advance(LEASE_SECONDS + 1)
    assert claim(store).search_id == second


def test_a_running_quota_of_everybody(engine: Engine, clock: Clock) -> None:
    store = Store.on(engine, clock=clock, quota=Quota(running=1))
    for caller in (ANN, ANN, BOB):
        submit(store, clock, caller)
    assert [owner_of(store, claim(store)) for _ in range(2)] == ["ann", "bob"]
    assert store.leases.claim() is None


def test_four_at_once_share_no_search_and_break_no_quota(store: Store, clock: Clock) -> None:
    """As four dispatchers do: each claims, works a little, ends, and claims again."""
    store.quotas.set("ann", running=2)
    store.quotas.set("bob", running=3)
    for _ in range(12):
        submit(store, clock, ANN)
        submit(store, clock, BOB)

    def dispatch(_number: int) -> list[tuple[str, int, int]]:
        """What it claimed, and how many of each owner ran then."""
        held, seen = list[Lease](), list[tuple[str, int, int]]()
        while True:
            while len(held) < 2 and (lease := store.leases.claim()) is not None:
                held.append(lease)
                owners = Counter(each.owner for each in store.searches.page(status=Status.RUNNING))
                seen.append((lease.search_id, owners["ann"], owners["bob"]))
            if not held:
                return seen
            store.leases.finish(held.pop(0), Status.CANCELLED)

    with ThreadPoolExecutor(4) as pool:
        claims = [each for found in pool.map(dispatch, range(4)) for each in found]
    assert Counter(search_id for search_id, *_ in claims).most_common(1)[0][1] == 1
    assert len(claims) == 24
    assert max(ann for _, ann, _ in claims) == 2
    assert max(bob for *_, bob in claims) <= 3


def test_a_cancelled_one_is_not_claimed_in_the_same_moment(store: Store, clock: Clock) -> None:
    ids = [submit(store, clock) for _ in range(30)]
    with ThreadPoolExecutor(6) as pool:
        cancelling = [pool.submit(store.searches.request_cancel, each) for each in ids]
        claimed = [lease for lease in pool.map(lambda _: store.leases.claim(), ids) if lease is not None]
        for each in cancelling:
            each.result()
    for lease in claimed:
        assert store.searches.get(lease.search_id).status is Status.RUNNING
        store.leases.release(lease)
    assert {store.searches.get(each).status for each in ids} == {Status.CANCELLED}


def test_the_journal_tells_the_story(store: Store, clock: Clock) -> None:
    search_id = submit(store, clock)
    lease = claim(store)
    store.leases.abandon(lease, "boom")
    lease = claim(store)
    store.candidates.record_ask(lease, Candidate(0, (1,)), 0)
    clock.advance(LEASE_SECONDS + 1)
    lease = claim(store)
    store.leases.finish(lease, Status.FAILED, error="no worker")
    entries = store.journal.of_search(search_id)
    expected = [Action.SUBMITTED, Action.STARTED, Action.REQUEUED, Action.CLAIMED, Action.CLAIMED, Action.FAILED]
    assert [each.action for each in entries] == expected
    assert [each.actor for each in entries] == ["ann/k1", *[SERVICE] * 5]
    assert {each.owner for each in entries} == {"ann"}
    assert entries[2].detail == {"error": "boom"}
    assert entries[4].detail["attempt"] == 3
    assert entries[5].detail == {"error": "no worker"}


def test_the_place_in_the_queue_follows_weight_and_priority(store: Store, clock: Clock) -> None:
    store.quotas.set("bob", weight=2.0)
    ids = [submit(store, clock, ANN, priority=priority) for priority in (0, 1)]
    ids += [submit(store, clock, BOB) for _ in range(3)]
    forecast = {each: store.searches.queue_position(each) for each in ids}
    order = list[str]()
    while (lease := store.leases.claim()) is not None:
        order.append(lease.search_id)
        store.leases.finish(lease, Status.CANCELLED)
    assert [forecast[each] for each in order] == [0, 1, 2, 3, 4]
    assert order.index(ids[1]) < order.index(ids[0])


def test_starts_of_long_ago_are_forgotten(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the journal is, and also where nothing was ever started."""
    monkeypatch.setattr("service.searches.queue.RECENT", 5)
    for _ in range(6):
        store.leases.finish(claimed_of(store, clock, ANN), Status.CANCELLED)
    ids = [submit(store, clock, caller) for caller in (ANN, BOB, BOB, BOB, BOB)]
    assert [store.searches.queue_position(each) for each in ids] == [0, 1, 2, 3, 4]
    owners = [owner_of(store, claim(store)) for _ in ids]
    assert Counter(owners) == {"ann": 1, "bob": 4}


def claimed_of(store: Store, clock: Clock, caller: Caller) -> Lease:
    submit(store, clock, caller)
    return claim(store)
