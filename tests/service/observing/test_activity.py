"""What happened inside a search, as the database sums it up: on both of them."""

from datetime import UTC, datetime, timedelta

import pytest

from search.contracts import Candidate, Failure, Outcome
from search.spec import SearchSpec
from service.domain.records import Credit, Lease, Status
from service.observing.activity import Activity, activity
from service.observing.failure_class import FailureClass
from service.searches.store import Store
from tests.service.conftest import LEASE_SECONDS, Clock
from tests.service.toys import claim_new

FINE = {"accuracy": 0.5, "seconds": 1.0}


def told(
    store: Store,
    lease: Lease,
    index: int,
    outcome: Outcome,
    credit: Credit | None = None,
    *,
    reused_from: str | None = None,
) -> None:
    store.leases.renew(lease)
    store.candidates.record_ask(lease, Candidate(index, (index,)), 0)
    store.candidates.record_tell(lease, index, outcome, None, credit=credit, reused_from=reused_from)


def seen(store: Store, lease: Lease, clock: Clock, bins: int = 10) -> Activity:
    return activity(store.engine, store.searches.get(lease.search_id), bins=bins, now=clock())


def test_a_search_that_nobody_has_begun_and_one_that_begins(store: Store, clock: Clock) -> None:
    queued = store.searches.create(SearchSpec(), "1")
    nothing = activity(store.engine, queued, bins=5, now=clock())
    assert (nothing.begins_at, nothing.bins, nothing.workers, nothing.utilisation) == (None, 0, (), None)
    assert store.leases.claim() is not None
    found = activity(store.engine, store.searches.get(queued.id), bins=5, now=clock())
    assert (list(found.workers), found.utilisation, list(found.failures), found.unattributed) == ([], None, [], 0)
    assert (found.begins_at, found.bins, found.bin_seconds) == (clock(), 1, 1)


def test_each_worker_and_when_it_was_busy(store: Store, clock: Clock) -> None:
    """One works all the time, one twice for a second."""
    lease = claim_new(store)
    began = clock()
    for second in range(1, 21):
        clock.advance(1)
        told(store, lease, 2 * second, FINE, Credit("node/0", 1.0))
        if second in (4, 20):
            told(store, lease, 2 * second + 1, FINE, Credit("node/1", 1.0))
    found = seen(store, lease, clock)
    assert (found.begins_at, found.bin_seconds, found.bins) == (began, 2, 10)
    steady, idle = found.workers
    assert (steady.name, steady.candidates, steady.failed, steady.busy_seconds) == ("node/0", 20, 0, 20.0)
    assert (idle.name, idle.candidates, idle.busy_seconds) == ("node/1", 2, 2.0)
    assert (steady.first_at, steady.last_at) == (began, began + timedelta(seconds=20))
    assert steady.utilisation == 1.0
    assert idle.utilisation == pytest.approx(2 / 17)
    assert found.utilisation == pytest.approx(22 / 37)
    assert (len(steady.busy), len(idle.busy)) == (10, 10)
    assert sum(idle.busy) == pytest.approx(1.0)  # half a bin, twice
    assert sum(steady.busy) == pytest.approx(10.0)
    assert all(0 <= share <= 1 for each in found.workers for share in each.busy)


def test_a_long_candidate_was_busy_before_it_was_told(store: Store, clock: Clock) -> None:
    lease = claim_new(store)
    clock.advance(LEASE_SECONDS - 1)
    store.leases.renew(lease)
    clock.advance(LEASE_SECONDS - 1)
    told(store, lease, 0, FINE, Credit("node/0", 9.0))
    (worker,) = seen(store, lease, clock, bins=6).workers  # of 3 seconds each
    assert worker.busy == pytest.approx((0.0, 0.0, 0.0, 1.0, 1.0, 1.0))
    assert (worker.utilisation, worker.first_at) == (1.0, datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC))


def test_failures_by_kind(store: Store, clock: Clock) -> None:
    """Their reasons differ in what they name; the example is that of the first."""
    lease = claim_new(store)
    clock.advance(5)
    reasons = ["out of memory: 23 GiB", *(f"diverged: loss is nan at step {step}" for step in (7, 9, 11)), "its" * 400]
    for index, reason in enumerate(reasons):
        told(store, lease, index, Failure(reason), Credit("node/0", 0.5))
    found = seen(store, lease, clock)
    assert [(each.kind, each.count, each.candidate) for each in found.failures] == [
        (FailureClass.DIVERGED, 3, 1),
        (FailureClass.OTHER, 1, 4),
        (FailureClass.OUT_OF_MEMORY, 1, 0),
    ]
    assert found.failures[0].example == "diverged: loss is nan at step 7"
    assert len(found.failures[1].example) == 500
    assert (found.workers[0].candidates, found.workers[0].failed, found.workers[0].busy_seconds) == (5, 5, 2.5)


def test_what_is_nobodys(store: Store, clock: Clock) -> None:
    """Measured before workers were noted; taken over; cut off by the end."""
    lease = claim_new(store)
    told(store, lease, 0, FINE)
    told(store, lease, 1, FINE, reused_from="0" * 26)
    store.candidates.record_ask(lease, Candidate(2, (2,)), 2)
    store.leases.finish(lease, Status.FAILED, error="boom")
    clock.advance(1000)
    found = seen(store, lease, clock)
    assert (list(found.workers), found.unattributed) == ([], 2)
    assert [(each.kind, each.candidate) for each in found.failures] == [(FailureClass.NOT_SCORED, 2)]
    assert found.bins == 1  # it ended long ago
