"""What an earlier search measured is told at once, and everything goes on as if a worker had measured it."""

import pytest

from search.contracts import Candidate, Failure
from search.spec import SearchSpec
from service.domain.records import Earlier, Hold, Lease
from service.driving.recorded import Recorded
from service.searches.reuse import Key, Reuse
from service.searches.store import Store
from tests.service.conftest import LEASE_SECONDS, Clock
from tests.service.toys import ToyAlgorithm, claim_new, measure, toy_key, untimed

BUDGET = 8
KEY = "0123456789abcdef" * 4


def recorded(
    store: Store, lease: Lease, *, wanted: bool = True, key: Key = toy_key, algorithm: ToyAlgorithm | None = None
) -> Recorded:
    reuse = Reuse(store.candidates, key, wanted=wanted)
    return Recorded(algorithm or ToyAlgorithm(BUDGET), store, lease, version="2", reuse=reuse, poll_seconds=0)


def work(algorithm: Recorded, steps: int = 100) -> list[Candidate]:
    """Measures one after the other, so many at most; those that came to a worker."""
    measured = list[Candidate]()
    while len(measured) < steps and (candidate := algorithm.ask()) is not None:
        algorithm.tell(candidate.index, measure(candidate))
        measured.append(candidate)
    return measured


def finished_search(store: Store) -> str:
    """A search that measured everything itself and ended."""
    lease = claim_new(store)
    assert len(work(recorded(store, lease, wanted=False))) == BUDGET
    store.searches.request_cancel(lease.search_id)
    store.leases.release(lease)
    return lease.search_id


def outcomes(store: Store, search_id: str) -> list[object]:
    history = store.candidates.history(search_id)
    return [(each.candidate, each.outcome and untimed(each.outcome)) for each in history]


def test_a_second_search_measures_what_failed_and_nothing_else(store: Store, clock: Clock) -> None:
    earlier = finished_search(store)
    clock.advance(5)
    lease = claim_new(store)
    measured = work(recorded(store, lease))
    history = store.candidates.history(lease.search_id)
    assert outcomes(store, lease.search_id) == outcomes(store, earlier)
    failed = [each.candidate for each in history if isinstance(each.outcome, Failure)]
    assert 0 < len(failed) < BUDGET
    assert measured == failed
    for each in history:
        taken = each.candidate not in failed
        assert each.reused_from == (earlier if taken else None)
        assert each.seconds == (0.0 if taken else None)
        assert not taken or (each.outcome or {})["seconds"] == 0.0  # type: ignore[index]  # no failure
    progress = next(iter(store.candidates.progress([lease.search_id])[lease.search_id].values()))
    assert (progress.told, progress.reused) == (BUDGET, BUDGET - len(failed))


def test_time_is_this_search_s_own(store: Store, clock: Clock) -> None:
    finished_search(store)
    algorithm, lease = ToyAlgorithm(BUDGET), claim_new(store)
    decorated = recorded(store, lease, algorithm=algorithm)
    clock.advance(7)
    work(decorated)
    assert {told["elapsed_seconds"] for told in algorithm.told.values() if not isinstance(told, Failure)} == {7.0}


@pytest.mark.parametrize(
    "change",
    [{"wanted": False}, {"key": lambda _: None}, {"key": lambda each: toy_key(each)[::-1]}],
    ids=["not wanted", "no key", "another key"],
)
def test_nothing_is_taken_over(store: Store, change: dict[str, object]) -> None:
    finished_search(store)
    lease = claim_new(store)
    assert len(work(recorded(store, lease, **change))) == BUDGET  # type: ignore[arg-type]  # as parametrised
    assert {each.reused_from for each in store.candidates.history(lease.search_id)} == {None}


def test_a_third_search_names_the_first(store: Store) -> None:
    first = finished_search(store)
    for _ in range(2):
        lease = claim_new(store)
        work(recorded(store, lease))
    found = {each.reused_from for each in store.candidates.history(lease.search_id)}
    assert found == {first, None}


def test_what_was_taken_over_outlives_its_search(store: Store) -> None:
    first = finished_search(store)
    lease = claim_new(store)
    work(recorded(store, lease))
    taken = next(each for each in store.candidates.history(lease.search_id) if each.reused_from)
    found = store.candidates.measured_as(toy_key(taken.candidate))
    assert found is not None
    assert found.search_id == first
    assert untimed(found.measurement) == untimed(taken.outcome or {})
    assert store.candidates.measured_as(KEY) is None


def test_a_measurement_is_preferred_to_a_copy(store: Store, clock: Clock) -> None:
    copy, original = claim_new(store), claim_new_later(store, clock)
    for lease, origin in ((copy, "0" * 26), (original, None)):
        store.candidates.record_ask(lease, Candidate(0, (1,)), 0)
        store.candidates.record_tell(lease, 0, {"accuracy": 0.5}, measure_key=KEY, reused_from=origin)
    assert store.candidates.measured_as(KEY) == Earlier({"accuracy": 0.5}, original.search_id)


def claim_new_later(store: Store, clock: Clock) -> Lease:
    clock.advance(1)
    return claim_new(store)


@pytest.mark.parametrize("steps", range(4))
def test_killed_in_the_middle_it_goes_on_the_same(store: Store, clock: Clock, steps: int) -> None:
    earlier = finished_search(store)
    lease = claim_new(store)
    work(recorded(store, lease), steps)
    clock.advance(LEASE_SECONDS + 1)
    again = store.leases.claim()
    assert again is not None
    algorithm = ToyAlgorithm(BUDGET)
    work(recorded(store, again, algorithm=algorithm))
    assert algorithm.finished
    assert outcomes(store, lease.search_id) == outcomes(store, earlier)


def test_killed_between_ask_and_tell(store: Store, clock: Clock) -> None:
    """The ask is a row, its takeover is not yet: the next driver takes it over before anything new."""
    earlier = finished_search(store)
    lease = claim_new(store)
    asked = recorded(store, lease, wanted=False).ask()
    clock.advance(LEASE_SECONDS + 1)
    again = store.leases.claim()
    assert again is not None
    work(recorded(store, again))
    history = store.candidates.history(lease.search_id)
    assert (history[0].candidate, history[0].reused_from) == (asked, earlier)
    assert outcomes(store, lease.search_id) == outcomes(store, earlier)


def test_a_driver_that_lost_its_lease_takes_nothing_over(store: Store, clock: Clock) -> None:
    finished_search(store)
    algorithm, lease = ToyAlgorithm(BUDGET), claim_new(store, SearchSpec(reuse=True))
    reuse = Reuse(store.candidates, toy_key, wanted=True)
    decorated = Recorded(algorithm, store, lease, version="2", reuse=reuse, poll_seconds=60)
    assert not decorated.finished
    clock.advance(LEASE_SECONDS + 1)
    assert store.leases.claim() is not None
    assert decorated.ask() is None
    assert decorated.hold is Hold.LOST
    assert algorithm.told == {}
    assert store.candidates.history(lease.search_id) == []
