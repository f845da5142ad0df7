"""Clients see the best so far without anybody sorting a search's whole history for them."""

from collections.abc import Sequence

import httpx
import pytest

from search.contracts import Candidate, Fidelity
from service.api.services import Services
from service.domain.records import Hold, Lease, LeaseLostError
from service.driving.recorded import Recorded
from service.searches.store import Store
from tests.service.asking import measured, running
from tests.service.conftest import Clock
from tests.service.driving.test_recorded import BUDGET, claimed_again, work
from tests.service.statements import listened
from tests.service.toys import ToyAlgorithm, claim_new, measure


class Ranked(ToyAlgorithm):
    """Asks one after the other; its front is whatever was told, last first. It counts how often that was looked at."""

    def __init__(self, budget: int = BUDGET) -> None:
        super().__init__(budget, width=1)
        self.looks = 0

    def front(self) -> Sequence[Candidate]:
        self.looks += 1
        return [self._asked[index] for index in reversed(self.told)]


class Watch:
    """Seconds that a test counts."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def recorded(store: Store, lease: Lease, algorithm: ToyAlgorithm, watch: Watch | None = None) -> Recorded:
    return Recorded(algorithm, store, lease, version="2", poll_seconds=0, clock=watch or Watch())


def shown(store: Store, lease: Lease) -> Sequence[int] | None:
    return store.searches.get(lease.search_id).front


def test_it_is_written_at_most_once_a_second_and_at_the_end(store: Store) -> None:
    lease, algorithm, watch = claim_new(store), Ranked(), Watch()
    decorated, fronts = recorded(store, lease, algorithm, watch), list[Sequence[int] | None]()
    for _ in range(BUDGET):
        work(decorated, 2)
        fronts.append(shown(store, lease))
        watch.now += 0.4
    assert fronts == [[0], [0], [0], [3, 2, 1, 0], [3, 2, 1, 0], [5, 4, 3, 2, 1, 0]]
    assert algorithm.looks == 3


def test_a_front_that_takes_long_takes_no_more_than_its_share(sqlite_store: Store) -> None:
    watch = Watch()

    class Slow(Ranked):
        def front(self) -> Sequence[Candidate]:
            watch.now += 1.0
            return super().front()

    algorithm = Slow(100)
    decorated = recorded(sqlite_store, claim_new(sqlite_store), algorithm, watch)
    for _ in range(50):
        work(decorated, 2)
        watch.now += 1.0
    assert algorithm.looks == 3  # in 53 seconds: one in twenty


@pytest.mark.parametrize("wish", ["cancel", "pause"])
def test_it_is_whole_where_a_driver_stops(sqlite_store: Store, wish: str) -> None:
    lease = claim_new(sqlite_store)
    decorated = recorded(sqlite_store, lease, Ranked())
    work(decorated, 6)
    assert shown(sqlite_store, lease) == [0]
    in_flight = decorated.ask()
    assert in_flight is not None
    (sqlite_store.searches.request_cancel if wish == "cancel" else sqlite_store.searches.request_pause)(lease.search_id)
    assert decorated.finished
    assert shown(sqlite_store, lease) == [2, 1, 0]
    decorated.tell(in_flight.index, measure(in_flight))
    assert shown(sqlite_store, lease) == [3, 2, 1, 0]


def test_the_next_driver_shows_what_the_last_could_not(sqlite_store: Store, clock: Clock) -> None:
    lease = claim_new(sqlite_store)
    work(recorded(sqlite_store, lease, Ranked()), 6)
    assert shown(sqlite_store, lease) == [0]
    recorded(sqlite_store, claimed_again(sqlite_store, clock), Ranked())
    assert shown(sqlite_store, lease) == [2, 1, 0]


def test_who_lost_the_lease_writes_none(store: Store, clock: Clock) -> None:
    lease = claim_new(store)
    work(recorded(store, lease, Ranked()), 2)
    again = claimed_again(store, clock)
    with pytest.raises(LeaseLostError):
        store.candidates.record_front(lease, [7])
    assert shown(store, again) == [0]


def test_the_lease_may_be_lost_between_a_tell_and_the_front(sqlite_store: Store, clock: Clock) -> None:
    lease = claim_new(sqlite_store)

    class Overtaken(Ranked):
        def front(self) -> Sequence[Candidate]:
            claimed_again(sqlite_store, clock)
            return super().front()

    decorated = recorded(sqlite_store, lease, Overtaken())
    work(decorated, 2)
    assert (shown(sqlite_store, lease), decorated.hold, decorated.ask()) == (None, Hold.LOST, None)


def test_decisions_are_no_rows(sqlite_store: Store) -> None:
    """A candidate that the algorithm names and nobody asked has no index of its own."""

    class Deciding(ToyAlgorithm):
        def front(self) -> Sequence[Candidate]:
            return [Candidate(0, (99, 99))]

    lease = claim_new(sqlite_store)
    work(recorded(sqlite_store, lease, Deciding(BUDGET)), 4)
    assert shown(sqlite_store, lease) is None


def test_a_view_reads_the_rows_of_the_front_alone(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store)
    measured(services.store, lease, [{"accuracy": 0.1 * each, "macs": 1.0} for each in range(8)])
    path, store = f"/v1/searches/{lease.search_id}", services.store
    computed = api.get(path).json()
    assert (computed["best"]["index"], computed["front_size"]) == (7, 1)
    store.candidates.record_front(lease, [3, 5])
    with listened(store.engine) as sent:
        view = api.get(path).json()
    assert (view["best"]["index"], view["front_size"]) == (3, 2)
    assert len([each for each in sent if "FROM candidates" in each.statement]) == 1
    assert [each["index"] for each in api.get(f"{path}/front").json()] == [3, 5]
    store.candidates.record_front(lease, [])
    view = api.get(path).json()
    assert (view["best"], view["front_size"]) == (None, 0)
    store.candidates.record_front(lease, None)
    assert api.get(path).json()["front_size"] == 1


def test_named_candidates_come_in_the_order_of_their_names(store: Store) -> None:
    lease = claim_new(store)
    for index in range(4):
        store.candidates.record_ask(lease, Candidate(index, (index,), Fidelity.PROXY), 0)
    found = store.candidates.named(lease.search_id, [3, 0, 99, 2])
    assert [each.candidate.index for each in found] == [3, 0, 2]
    assert store.candidates.named(lease.search_id, []) == []
