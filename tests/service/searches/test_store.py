"""The store's contract, on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from search.budget_spec import BudgetSpec
from search.contracts import Candidate, Failure, Fidelity, Outcome
from search.spec import SearchSpec, parse_spec
from service.domain.records import (
    DuplicateCandidateError,
    FidelityProgress,
    Hold,
    LeaseLostError,
    SearchFinishedError,
    SearchNotFoundError,
    Status,
)
from service.searches.store import Store
from tests.service.conftest import LEASE_SECONDS, Clock
from tests.service.toys import claim_new

FIRST = Candidate(0, (1, 0))


def submit(store: Store, clock: Clock, **values: Any) -> str:  # noqa: ANN401 - any field of a spec
    clock.advance(1)
    return store.searches.create(SearchSpec(**values), "1.2.3").id


class TestSearches:
    def test_what_is_created_is_read_back(self, store: Store, clock: Clock) -> None:
        spec = SearchSpec(name="mine", budget=BudgetSpec(macs=5_000_000))
        search = store.searches.create(spec, "1.2.3")
        found = store.searches.get(search.id)
        assert found == search
        assert parse_spec(found.spec) == spec
        assert (found.status, found.version, found.created_at) == (Status.QUEUED, "1.2.3", clock.now)

    @pytest.mark.parametrize("search_id", ["0" * 26, "", "../etc", "\0", "é" * 26])
    def test_unknown_id(self, store: Store, search_id: str) -> None:
        with pytest.raises(SearchNotFoundError):
            store.searches.get(search_id)

    def test_pages_are_newest_first_and_complete(self, store: Store, clock: Clock) -> None:
        ids = [submit(store, clock) for _ in range(5)]
        first = store.searches.page(limit=2)
        rest = store.searches.page(after=first[-1].id, limit=10)
        assert [search.id for search in [*first, *rest]] == ids[::-1]

    def test_page_of_one_status(self, store: Store, clock: Clock) -> None:
        ids = [submit(store, clock) for _ in range(3)]
        store.searches.request_cancel(ids[1])
        assert [search.id for search in store.searches.page(status=Status.CANCELLED)] == [ids[1]]

    def test_queue_position(self, store: Store, clock: Clock) -> None:
        ids = [submit(store, clock) for _ in range(3)]
        store.leases.claim()
        assert [store.searches.queue_position(each) for each in ids] == [None, 0, 1]

    def test_cancel(self, store: Store, clock: Clock) -> None:
        running, queued = submit(store, clock), submit(store, clock)
        lease = store.leases.claim()
        assert lease is not None
        assert store.searches.request_cancel(queued).status is Status.CANCELLED
        for _ in range(2):
            assert store.searches.request_cancel(running).status is Status.RUNNING
        assert store.leases.hold(lease) is Hold.CANCELLED
        store.leases.finish(lease, Status.SUCCEEDED)
        with pytest.raises(SearchFinishedError, match="succeeded"):
            store.searches.request_cancel(running)
        assert store.searches.request_cancel(queued).status is Status.CANCELLED


class TestLeases:
    def test_claims_oldest_first(self, store: Store, clock: Clock) -> None:
        ids = [submit(store, clock) for _ in range(2)]
        leases = [store.leases.claim() for _ in range(3)]
        assert [lease and lease.search_id for lease in leases] == [*ids, None]
        assert store.searches.get(ids[0]).status is Status.RUNNING
        assert store.searches.get(ids[0]).started_at == clock.now

    def test_claimers_at_once_get_different_searches(self, store: Store, clock: Clock) -> None:
        ids = {submit(store, clock) for _ in range(12)}
        with ThreadPoolExecutor(6) as pool:
            leases = list(pool.map(lambda _: store.leases.claim(), range(20)))
        claimed = [lease.search_id for lease in leases if lease is not None]
        assert len(claimed) == 12
        assert set(claimed) == ids

    def test_renewal_keeps_a_search(self, store: Store, clock: Clock) -> None:
        lease = claim_new(store)
        for _ in range(5):
            clock.advance(LEASE_SECONDS * 0.9)
            assert store.leases.renew(lease)
            assert store.leases.claim() is None

    def test_an_old_lease_can_write_nothing(self, store: Store, clock: Clock) -> None:
        old = claim_new(store)
        store.candidates.record_ask(old, FIRST, 0)
        clock.advance(LEASE_SECONDS + 1)
        new = store.leases.claim()
        assert new is not None
        assert (new.search_id, new.attempt) == (old.search_id, 2)
        with pytest.raises(LeaseLostError):
            store.candidates.record_ask(old, Candidate(1, (0, 0)), 0)
        with pytest.raises(LeaseLostError):
            store.candidates.record_tell(old, 0, {"accuracy": 1.0})
        with pytest.raises(LeaseLostError):
            store.leases.finish(old, Status.SUCCEEDED)
        with pytest.raises(LeaseLostError):
            store.leases.resume(old.search_id, old.token)
        store.leases.release(old)
        store.leases.abandon(old, "dead")
        assert not store.leases.renew(old)
        assert store.leases.hold(old) is Hold.LOST
        assert store.leases.hold(new) is Hold.HELD
        assert [each.told_order for each in store.candidates.history(new.search_id)] == [None]

    def test_a_late_driver_writes_while_nobody_else_claimed(self, store: Store, clock: Clock) -> None:
        lease = claim_new(store)
        clock.advance(LEASE_SECONDS + 1)
        store.candidates.record_ask(lease, FIRST, 0)
        assert store.leases.renew(lease)

    def test_attempts_without_progress_end_in_failure(self, store: Store, clock: Clock) -> None:
        lease = claim_new(store)
        for attempt in (2, 3):
            clock.advance(LEASE_SECONDS + 1)
            again = store.leases.claim()
            assert again is not None
            assert again.attempt == attempt
        clock.advance(LEASE_SECONDS + 1)
        assert store.leases.claim() is None
        search = store.searches.get(lease.search_id)
        assert search.status is Status.FAILED
        assert search.error is not None
        assert "3 attempts in a row" in search.error

    def test_progress_starts_the_attempts_anew(self, store: Store, clock: Clock) -> None:
        claim_new(store)
        for index in range(6):
            clock.advance(LEASE_SECONDS + 1)
            lease = store.leases.claim()
            assert lease is not None
            store.candidates.record_ask(lease, Candidate(index, (index,)), index)
            store.candidates.record_tell(lease, index, {"accuracy": 0.5})

    def test_a_dead_driver_gives_back_and_fails_at_last(self, store: Store) -> None:
        lease = claim_new(store)
        for _ in range(2):
            store.leases.abandon(lease, "boom")
            assert store.searches.get(lease.search_id).status is Status.QUEUED
            again = store.leases.claim()
            assert again is not None
            lease = again
        store.leases.abandon(lease, "boom")
        search = store.searches.get(lease.search_id)
        assert (search.status, search.error) == (
            Status.FAILED,
            "3 attempts in a row scored nothing; the last one: boom",
        )

    def test_orderly_release_costs_no_attempt(self, store: Store) -> None:
        lease = claim_new(store)
        for _ in range(5):
            store.leases.release(lease)
            again = store.leases.claim()
            assert again is not None
            assert again.attempt == 1
            lease = again

    @pytest.mark.parametrize("end", ["release", "abandon", "expire"])
    def test_a_cancelled_search_never_goes_back_to_the_queue(self, store: Store, clock: Clock, end: str) -> None:
        lease = claim_new(store)
        store.searches.request_cancel(lease.search_id)
        if end == "release":
            store.leases.release(lease)
        elif end == "abandon":
            store.leases.abandon(lease, "killed")
        else:
            clock.advance(LEASE_SECONDS + 1)
            assert store.leases.claim() is None
        assert store.searches.get(lease.search_id).status is Status.CANCELLED

    def test_finish(self, store: Store, clock: Clock) -> None:
        lease = claim_new(store)
        with pytest.raises(ValueError, match="not queued"):
            store.leases.finish(lease, Status.QUEUED)
        store.leases.finish(lease, Status.SUCCEEDED, result={"chosen": 3})
        search = store.searches.get(lease.search_id)
        assert (search.status, search.result, search.finished_at) == (Status.SUCCEEDED, {"chosen": 3}, clock.now)
        with pytest.raises(LeaseLostError):
            store.leases.finish(lease, Status.FAILED, error="again")

    @pytest.mark.parametrize("status", [Status.CANCELLED, Status.FAILED])
    def test_the_end_closes_what_is_in_flight(self, store: Store, clock: Clock, status: Status) -> None:
        lease = claim_new(store)
        for index in range(4):
            store.candidates.record_ask(lease, Candidate(index, (index,)), 0)
        store.candidates.record_tell(lease, 2, {"accuracy": 0.5}, 2.0)
        told = store.candidates.history(lease.search_id)[2]
        clock.advance(1)
        store.leases.finish(lease, status, error="why")
        history = store.candidates.history(lease.search_id)
        verb = "was cancelled" if status is Status.CANCELLED else "failed"
        assert history[2] == told
        closed = [history[index] for index in (0, 1, 3)]
        assert [each.outcome for each in closed] == [Failure(f"not scored: the search {verb}")] * 3
        assert [(each.told_order, each.told_at) for each in closed] == [(order, clock.now) for order in (1, 2, 3)]

    def test_cancelling_between_two_drivers_closes_what_is_in_flight(self, store: Store) -> None:
        lease = claim_new(store)
        store.candidates.record_ask(lease, FIRST, 0)
        store.leases.release(lease)
        assert store.candidates.history(lease.search_id)[0].outcome is None
        store.searches.request_cancel(lease.search_id)
        assert isinstance(store.candidates.history(lease.search_id)[0].outcome, Failure)

    def test_the_token_is_not_printed(self, store: Store) -> None:
        lease = claim_new(store)
        assert lease.token not in repr(lease)


class TestCandidates:
    def test_history_is_what_was_recorded(self, store: Store) -> None:
        lease = claim_new(store)
        outcomes: list[Outcome] = [{"accuracy": 0.1 + 0.2, "macs": 123_456_789_012}, Failure("diverged")]
        for index in range(3):
            store.candidates.record_ask(lease, Candidate(index, (index, 1)), 0)
        assert store.candidates.record_tell(lease, 1, outcomes[0], 2.5)
        assert store.candidates.record_tell(lease, 0, outcomes[1])
        history = store.candidates.history(lease.search_id)
        assert [each.candidate for each in history] == [Candidate(index, (index, 1)) for index in range(3)]
        assert [each.told_order for each in history] == [1, 0, None]
        assert [each.outcome for each in history] == [outcomes[1], outcomes[0], None]
        assert history[1].seconds == 2.5

    def test_told_twice_counts_once(self, store: Store) -> None:
        lease = claim_new(store)
        store.candidates.record_ask(lease, FIRST, 0)
        assert store.candidates.record_tell(lease, 0, {"accuracy": 0.5})
        assert not store.candidates.record_tell(lease, 0, {"accuracy": 0.9})
        assert store.candidates.history(lease.search_id)[0].outcome == {"accuracy": 0.5}

    def test_never_asked(self, store: Store) -> None:
        with pytest.raises(ValueError, match="never asked"):
            store.candidates.record_tell(claim_new(store), 7, {"accuracy": 0.5})

    @pytest.mark.parametrize("second", [Candidate(0, (0, 0)), Candidate(1, (1, 0))])
    def test_nothing_is_asked_twice(self, store: Store, second: Candidate) -> None:
        lease = claim_new(store)
        store.candidates.record_ask(lease, FIRST, 0)
        with pytest.raises(DuplicateCandidateError, match="asked before"):
            store.candidates.record_ask(lease, second, 0)

    def test_pages_filters_and_progress(self, store: Store) -> None:
        lease = claim_new(store)
        for index in range(4):
            fidelity = Fidelity.FINAL if index == 3 else Fidelity.PROXY
            store.candidates.record_ask(lease, Candidate(index, (index % 3,), fidelity), 0)
        store.candidates.record_tell(lease, 0, {"accuracy": 0.5}, 2.0)
        store.candidates.record_tell(lease, 1, Failure("diverged"))
        pages = store.candidates
        assert [each.candidate.index for each in pages.page(lease.search_id, after=0, limit=2)] == [1, 2]
        final = pages.page(lease.search_id, fidelities=[Fidelity.FINAL, Fidelity.TEST])
        assert [each.candidate.index for each in final] == [3]
        assert [each.candidate.index for each in pages.measured(lease.search_id, Fidelity.PROXY)] == [0]
        assert pages.progress([lease.search_id])[lease.search_id] == {
            Fidelity.PROXY: FidelityProgress(asked=3, told=2, failed=1, seconds=2.0, busy_seconds=2.0),
            Fidelity.FINAL: FidelityProgress(asked=1),
        }
