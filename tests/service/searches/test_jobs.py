"""What people do with searches: submit once, pause, go on, cancel, change, extend, delete; and the journal of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from search.contracts import Candidate, Failure
from search.spec import SearchSpec
from service.domain.action import Action
from service.domain.person import Caller, Role
from service.domain.quota import Quota
from service.domain.records import (
    Change,
    Hold,
    Idempotency,
    IdempotencyConflictError,
    SearchFinishedError,
    Status,
)
from service.people.quotas import QuotaExceededError
from service.searches.search_list import Selection
from service.searches.store import Store
from service.storage.database import reading
from service.storage.tables import StageCountRow
from tests.service.conftest import LEASE_SECONDS, Clock
from tests.service.toys import claim_new

ANN, BOB = Caller("ann", Role.MEMBER, "k1"), Caller("bob", Role.MEMBER, "k2")
KEY = Idempotency("once", "0" * 64)
OTHER_BODY = Idempotency("once", "1" * 64)


def actions(store: Store, search_id: str) -> list[Action]:
    return [each.action for each in store.journal.of_search(search_id)]


def create(store: Store, key: Idempotency | None = KEY, caller: Caller = ANN) -> str:
    return store.searches.create(SearchSpec(), "1", caller=caller, idempotency=key).id


class TestIdempotency:
    def test_the_same_request_gives_the_same_search(self, store: Store) -> None:
        assert create(store) == create(store)
        assert len(store.searches.page()) == 1

    def test_a_key_is_its_owner_s(self, store: Store) -> None:
        assert create(store) != create(store, caller=BOB)

    def test_another_body_is_a_conflict(self, store: Store) -> None:
        search_id = create(store)
        with pytest.raises(IdempotencyConflictError, match=search_id):
            create(store, OTHER_BODY)
        assert len(store.searches.page()) == 1

    def test_eight_at_once_make_one_search(self, store: Store) -> None:
        for round_ in range(5):
            key = Idempotency(f"round {round_}", "0" * 64)
            with ThreadPoolExecutor(8) as pool:
                ids = set(pool.map(lambda _, key=key: create(store, key), range(8)))
            assert len(ids) == 1
        assert len(store.searches.page()) == 5

    def test_a_repeat_needs_no_room(self, engine: Engine) -> None:
        store = Store.on(engine, quota=Quota(queued=1))
        search_id = create(store)
        assert create(store) == search_id
        with pytest.raises(QuotaExceededError):
            create(store, None)
        with pytest.raises(QuotaExceededError):
            create(store, Idempotency("new", "0" * 64))
        store.searches.request_cancel(search_id)
        assert create(store, Idempotency("new", "0" * 64)) != search_id  # the refused one left no trace

    def test_the_last_room_for_eight_at_once(self, engine: Engine) -> None:
        store = Store.on(engine, quota=Quota(queued=3))

        def submit(number: int) -> bool:
            try:
                create(store, Idempotency(f"number {number}", "0" * 64))
            except QuotaExceededError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(submit, range(8))) == 3

    def test_a_key_is_free_again_after_its_search_is_deleted(self, store: Store) -> None:
        search_id = create(store)
        store.searches.request_cancel(search_id, ANN)
        store.searches.delete(search_id, ANN)
        assert create(store) != search_id


class TestPause:
    def test_a_queued_search_waits_outside_of_the_queue(self, store: Store) -> None:
        search_id = create(store)
        for _ in range(2):
            assert store.searches.request_pause(search_id, ANN).status is Status.PAUSED
        assert store.leases.claim() is None
        assert store.searches.queue_position(search_id) is None
        for _ in range(2):
            assert store.searches.resume(search_id, BOB).status is Status.QUEUED
        assert store.leases.claim() is not None
        expected = [Action.SUBMITTED, Action.PAUSED, Action.RESUMED, Action.STARTED]
        assert actions(store, search_id) == expected
        assert [each.actor for each in store.journal.of_search(search_id)][1:3] == ["ann/k1", "bob/k2"]

    def test_the_driver_of_a_running_one_stops(self, store: Store) -> None:
        lease = claim_new(store)
        store.candidates.record_ask(lease, Candidate(0, (1,)), 0)
        for _ in range(2):
            search = store.searches.request_pause(lease.search_id)
            assert (search.status, search.pause_requested) == (Status.RUNNING, True)
        assert store.leases.hold(lease) is Hold.PAUSED
        store.leases.paused(lease)
        search = store.searches.get(lease.search_id)
        assert (search.status, search.pause_requested, search.attempts) == (Status.PAUSED, False, 0)
        assert store.leases.hold(lease) is Hold.LOST
        assert store.candidates.history(lease.search_id)[0].outcome is None
        assert actions(store, lease.search_id)[2:] == [Action.PAUSE_REQUESTED, Action.PAUSED]

    @pytest.mark.parametrize("end", ["paused", "release", "abandon", "expire"])
    def test_however_its_driver_ends(self, store: Store, clock: Clock, end: str) -> None:
        lease = claim_new(store)
        store.searches.request_pause(lease.search_id)
        if end == "expire":
            clock.advance(LEASE_SECONDS + 1)
            assert store.leases.claim() is None
        elif end == "abandon":
            store.leases.abandon(lease, "killed")
        else:
            getattr(store.leases, end)(lease)
        assert store.searches.get(lease.search_id).status is Status.PAUSED

    def test_whoever_thinks_better_of_it_in_time(self, store: Store) -> None:
        lease = claim_new(store)
        store.searches.request_pause(lease.search_id)
        search = store.searches.resume(lease.search_id)
        assert (search.status, search.pause_requested) == (Status.RUNNING, False)
        assert store.leases.hold(lease) is Hold.HELD
        store.leases.paused(lease)  # its driver had seen the wish, and stopped
        assert store.searches.get(lease.search_id).status is Status.QUEUED

    def test_cancelling_counts_for_more(self, store: Store) -> None:
        lease = claim_new(store)
        store.searches.request_pause(lease.search_id)
        store.searches.request_cancel(lease.search_id)
        assert store.leases.hold(lease) is Hold.CANCELLED
        store.leases.paused(lease)
        assert store.searches.get(lease.search_id).status is Status.CANCELLED

    def test_a_paused_search_is_cancelled_at_once(self, store: Store) -> None:
        search_id = create(store)
        store.searches.request_pause(search_id)
        assert store.searches.request_cancel(search_id).status is Status.CANCELLED

    def test_an_ended_search(self, store: Store) -> None:
        search_id = create(store)
        store.searches.request_cancel(search_id)
        for change in (store.searches.request_pause, store.searches.resume):
            with pytest.raises(SearchFinishedError, match="cancelled already"):
                change(search_id)

    def test_breaks_do_not_count_as_time(self, store: Store, clock: Clock) -> None:
        lease = claim_new(store)
        began = clock.now
        clock.advance(5)
        store.searches.request_pause(lease.search_id)
        store.searches.resume(lease.search_id)  # thought better of it: no break
        clock.advance(5)
        store.searches.request_pause(lease.search_id)
        store.leases.paused(lease)
        clock.advance(3600)
        store.searches.resume(lease.search_id)
        clock.advance(5)
        assert store.leases.claim() is not None
        assert (store.searches.began(lease.search_id) - began).total_seconds() == 3600


class TestCancel:
    def test_what_is_in_flight_is_counted_as_failed(self, store: Store, engine: Engine) -> None:
        lease = claim_new(store)
        for index in range(3):
            store.candidates.record_ask(lease, Candidate(index, (index,)), 0)
        store.candidates.record_tell(lease, 1, {"accuracy": 0.5}, 2.0)
        store.searches.request_cancel(lease.search_id)
        store.leases.release(lease)
        with reading(engine) as session:
            counted = session.get(StageCountRow, (lease.search_id, "proxy"))
        assert counted is not None
        assert (counted.asked, counted.told, counted.failed, counted.seconds) == (3, 3, 2, 2.0)
        progress = next(iter(store.candidates.progress([lease.search_id])[lease.search_id].values()))
        assert (progress.told, progress.failed) == (3, 2)
        assert isinstance(store.candidates.history(lease.search_id)[2].outcome, Failure)

    def test_who_did_it(self, store: Store) -> None:
        lease = claim_new(store)
        for _ in range(2):
            store.searches.request_cancel(lease.search_id, BOB)
        store.leases.release(lease)
        last = store.journal.of_search(lease.search_id)[-2:]
        assert [(each.action, each.actor) for each in last] == [
            (Action.CANCEL_REQUESTED, "bob/k2"),
            (Action.CANCELLED, "twinsieve"),
        ]


class TestChange:
    def test_labels_notes_priority_and_workers(self, store: Store) -> None:
        search_id = create(store)
        change = Change(labels=["vqa", "paper"], notes="a\nb", priority=7, workers=3)
        for _ in range(2):
            search = store.searches.change(search_id, change, ANN)
            assert (search.labels, search.notes, search.priority, search.slots) == (["vqa", "paper"], "a\nb", 7, 3)
        assert store.searches.get(search_id) == search
        entries = store.journal.of_search(search_id)[1:]
        assert [(each.action, each.detail) for each in entries] == [
            (Action.RESIZED, {"workers": 3}),
            (Action.CHANGED, {"labels": ["vqa", "paper"], "notes": True, "priority": 7}),
        ]
        assert store.searches.change(search_id, Change(labels=[]), ANN).labels == []

    def test_of_an_ended_search_only_what_people_say(self, store: Store) -> None:
        search_id = create(store)
        store.searches.request_cancel(search_id)
        assert store.searches.change(search_id, Change(notes="no use")).notes == "no use"
        for change in (Change(workers=2), Change(priority=1)):
            with pytest.raises(SearchFinishedError, match="cancelled already"):
                store.searches.change(search_id, change)


class TestSelection:
    def test_of_status_owner_and_label(self, store: Store, clock: Clock) -> None:
        ids = list[str]()
        for number in range(6):
            clock.advance(1)
            caller, labels = (ANN, BOB)[number % 2], ["even third" if number % 3 == 0 else "other"]
            ids.append(store.searches.create(SearchSpec(), "1", caller=caller, labels=labels).id)
        store.searches.request_cancel(ids[0])

        def found(limit: int = 50, after: str | None = None, **chosen: str) -> list[int]:
            selection = Selection(**chosen)  # type: ignore[arg-type]  # as the test names them
            return [ids.index(each.id) for each in store.searches.selected(selection, limit=limit, after=after).items]

        assert found(owner="ann") == [4, 2, 0]
        assert found(owner="ann", status=Status.QUEUED) == [4, 2]
        assert found(label="even third") == [3, 0]
        assert found(label="even third", owner="bob") == [3]
        assert found(label="third") == []
        assert found(label="even third", limit=1) == [3]
        assert found(label="even third", limit=1, after=ids[3]) == [0]

    def test_the_pages_of_a_label_hold_what_has_it_now(self, store: Store, clock: Clock) -> None:
        ids = list[str]()
        for number in range(7):
            clock.advance(1)
            ids.append(store.searches.create(SearchSpec(), "1", labels=["rare"] if number in (0, 1, 5) else ["x"]).id)
        store.searches.change(ids[5], Change(labels=["x", "y"]))
        store.searches.change(ids[3], Change(labels=["rare"]))
        store.searches.change(ids[1], Change(notes="kept under its labels"))
        after, found, pages = None, list[str](), 0
        while pages == 0 or after is not None:
            page = store.searches.selected(Selection(label="rare"), after=after, limit=2)
            found += [each.id for each in page.items]
            after, pages = page.next, pages + 1
        assert (found, pages) == ([ids[3], ids[1], ids[0]], 2)
        assert [each.id for each in store.searches.selected(Selection(label="y")).items] == [ids[5]]
