"""The last lines of a search's driver, bounded, and only those of its last driver."""

from datetime import timedelta

from service.domain.records import Status
from service.searches.log_tails import MOST_CHARACTERS, MOST_LINES
from service.searches.store import Store
from tests.service.conftest import Clock
from tests.service.toys import claim_new


def lines(store: Store, search_id: str) -> list[str]:
    tail = store.log_tails.read(search_id)
    assert tail is not None
    return list(tail.lines)


def test_what_was_written_last_is_read(store: Store, clock: Clock) -> None:
    search_id, began = claim_new(store).search_id, clock()
    assert store.log_tails.read(search_id) is None
    store.log_tails.write(search_id, ["one"], driver_began_at=began)
    clock.advance(2)
    store.log_tails.write(search_id, ["one", "zwei, 三"], driver_began_at=began)
    tail = store.log_tails.read(search_id)
    assert tail is not None
    assert (list(tail.lines), tail.written_at) == (["one", "zwei, 三"], clock())


def test_a_driver_that_was_taken_for_dead_writes_over_nobody(store: Store, clock: Clock) -> None:
    search_id, first = claim_new(store).search_id, clock()
    second = first + timedelta(seconds=30)
    store.log_tails.write(search_id, ["the first"], driver_began_at=first)
    store.log_tails.write(search_id, ["the second"], driver_began_at=second)
    store.log_tails.write(search_id, ["the first is late"], driver_began_at=first)
    assert lines(store, search_id) == ["the second"]
    store.log_tails.write(search_id, ["the second, still"], driver_began_at=second)
    assert lines(store, search_id) == ["the second, still"]


def test_it_is_bounded(store: Store, clock: Clock) -> None:
    search_id = claim_new(store).search_id
    many = [str(number) for number in range(2 * MOST_LINES)]
    store.log_tails.write(search_id, many, driver_began_at=clock())
    assert lines(store, search_id) == many[-MOST_LINES:]
    long = [str(number) + "x" * 999 for number in range(100)]
    store.log_tails.write(search_id, long, driver_began_at=clock())
    kept = lines(store, search_id)
    assert kept == long[-len(kept) :]
    assert MOST_CHARACTERS - 1002 < len("\n".join(kept)) <= MOST_CHARACTERS


def test_it_goes_with_its_search(store: Store, clock: Clock) -> None:
    lease = claim_new(store)
    store.log_tails.write(lease.search_id, ["one"], driver_began_at=clock())
    store.leases.finish(lease, Status.CANCELLED)
    store.searches.delete(lease.search_id)
    assert store.log_tails.read(lease.search_id) is None
    store.log_tails.write(lease.search_id, ["late"], driver_began_at=clock())  # nothing to write to, and no error
    assert store.log_tails.read(lease.search_id) is None
