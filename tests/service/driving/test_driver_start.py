"""A driver that takes long to begin keeps its search; once it has begun, a lease is all it has."""

from sqlalchemy import Engine

from search.spec import SearchSpec
from service.searches.store import Store
from tests.service.conftest import LEASE_SECONDS, Clock

START_SECONDS = 30.0


def test_a_claim_outlasts_a_slow_start(engine: Engine, clock: Clock) -> None:
    store = Store.on(engine, clock=clock, lease_seconds=LEASE_SECONDS, start_seconds=START_SECONDS)
    store.searches.create(SearchSpec(), "1")
    first = store.leases.claim()
    clock.advance(LEASE_SECONDS + START_SECONDS - 1)
    assert store.leases.claim() is None
    clock.advance(2)
    assert store.leases.claim() not in (None, first)


def test_what_is_renewed_lasts_for_a_lease(engine: Engine, clock: Clock) -> None:
    store = Store.on(engine, clock=clock, lease_seconds=LEASE_SECONDS, start_seconds=START_SECONDS)
    store.searches.create(SearchSpec(), "1")
    first = store.leases.claim()
    assert first is not None
    assert store.leases.renew(first)
    clock.advance(LEASE_SECONDS + 1)
    assert store.leases.claim() not in (None, first)
