"""Recovery is replay: killed anywhere, a search goes on as if nothing had happened."""

from collections.abc import Sequence

import pytest

from models.cost import cost_model
from models.vilt_config import ViltConfig
from models.workload import TaskName, Workload
from search.build import build_algorithm
from search.contracts import Candidate, Failure, SearchAlgorithm
from search.space import SearchSpace
from search.spec import SearchSpec
from service.domain.records import Hold, Lease, StoredCandidate
from service.driving.recorded import Recorded, ReplayMismatchError
from service.searches.store import Store
from tests.service.conftest import LEASE_SECONDS, Clock
from tests.service.toys import ToyAlgorithm, claim_new, measure, untimed

BUDGET = 6


class KilledError(Exception):
    """Where the process ended."""


def recorded(store: Store, lease: Lease, algorithm: SearchAlgorithm | None = None) -> Recorded:
    return Recorded(algorithm or ToyAlgorithm(BUDGET), store, lease, version="2", poll_seconds=0)


def work(algorithm: Recorded, steps: int) -> list[int]:
    """Two workers, the last asked told first, for so many asks and tells; the indices that were told."""
    holding, told = list[Candidate](), list[int]()
    for _ in range(steps):
        candidate = algorithm.ask() if len(holding) < 2 else None
        if candidate is not None:
            holding.append(candidate)
        elif holding:
            last = holding.pop()
            algorithm.tell(last.index, measure(last))
            told.append(last.index)
    return told


def claimed_again(store: Store, clock: Clock) -> Lease:
    clock.advance(LEASE_SECONDS + 1)
    lease = store.leases.claim()
    assert lease is not None
    return lease


def trace(history: Sequence[StoredCandidate]) -> list[object]:
    return [
        (each.candidate, each.asked_after, each.told_order, each.outcome and untimed(each.outcome)) for each in history
    ]


def undisturbed(store: Store) -> list[object]:
    lease = claim_new(store)
    work(recorded(store, lease), 100)
    found = trace(store.candidates.history(lease.search_id))
    store.searches.request_cancel(lease.search_id)
    store.leases.release(lease)
    return found


@pytest.mark.parametrize("steps", range(2 * BUDGET + 1))
def test_killed_anywhere_the_history_is_the_same(sqlite_store: Store, clock: Clock, steps: int) -> None:
    expected = undisturbed(sqlite_store)
    assert len(expected) == BUDGET
    lease = claim_new(sqlite_store)
    work(recorded(sqlite_store, lease), steps)
    told = {each.candidate.index for each in sqlite_store.candidates.history(lease.search_id) if each.outcome}

    again = claimed_again(sqlite_store, clock)
    measured = work(recorded(sqlite_store, again), 100)
    assert trace(sqlite_store.candidates.history(lease.search_id)) == expected
    assert sorted(measured) == sorted(set(range(BUDGET)) - told)


def test_in_flight_candidates_go_out_first(store: Store, clock: Clock) -> None:
    lease = claim_new(store)
    first = recorded(store, lease)
    held = [first.ask(), first.ask()]
    second = recorded(store, claimed_again(store, clock))
    assert [second.ask(), second.ask(), second.ask()] == [*held, None]


def test_an_ask_is_a_row_before_anybody_sees_it(store: Store) -> None:
    lease = claim_new(store)
    candidate = recorded(store, lease).ask()
    assert [each.candidate for each in store.candidates.history(lease.search_id)] == [candidate]


def test_a_tell_is_a_row_before_the_algorithm_sees_it(store: Store) -> None:
    class Dying(ToyAlgorithm):
        def tell(self, index: int, outcome: object) -> None:
            raise KilledError

    lease = claim_new(store)
    algorithm = recorded(store, lease, Dying())
    assert algorithm.ask() is not None
    with pytest.raises(KilledError):
        algorithm.tell(0, {"accuracy": 0.5, "seconds": 1.5})
    told = store.candidates.history(lease.search_id)[0]
    assert (told.outcome, told.seconds) == ({"accuracy": 0.5, "seconds": 1.5, "elapsed_seconds": 0.0}, 1.5)


def test_told_twice_counts_once(store: Store) -> None:
    lease, algorithm = claim_new(store), ToyAlgorithm()
    decorated = recorded(store, lease, algorithm)
    decorated.ask()
    decorated.tell(0, {"accuracy": 0.5})
    decorated.tell(0, {"accuracy": 0.9})
    assert algorithm.told == {0: {"accuracy": 0.5, "elapsed_seconds": 0.0}}
    with pytest.raises(ValueError, match="never asked"):
        decorated.tell(5, {"accuracy": 0.5})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_a_failure(store: Store, value: float) -> None:
    lease, algorithm = claim_new(store), ToyAlgorithm()
    decorated = recorded(store, lease, algorithm)
    decorated.ask()
    decorated.tell(0, {"accuracy": value})
    assert algorithm.told == {0: Failure(f"accuracy is {value}")}
    assert store.candidates.history(lease.search_id)[0].outcome == Failure(f"accuracy is {value}")


def test_another_algorithm_is_refused_loudly(store: Store, clock: Clock) -> None:
    lease = claim_new(store)
    work(recorded(store, lease), 5)
    again = claimed_again(store, clock)
    with pytest.raises(ReplayMismatchError, match=r"index 0\); it was started by twinsieve 1, this is 2"):
        recorded(store, again, ToyAlgorithm(BUDGET, salt="changed"))


def test_cancel_ends_it(store: Store) -> None:
    lease = claim_new(store)
    decorated = recorded(store, lease)
    assert decorated.ask() is not None
    assert not decorated.finished
    store.searches.request_cancel(lease.search_id)
    assert decorated.finished
    assert decorated.ask() is None
    decorated.tell(0, {"accuracy": 0.5})  # what was in flight still counts
    assert store.candidates.history(lease.search_id)[0].outcome == {"accuracy": 0.5, "elapsed_seconds": 0.0}


def test_a_lost_lease_ends_it_and_drops_what_comes_late(store: Store, clock: Clock) -> None:
    lease, algorithm = claim_new(store), ToyAlgorithm()
    decorated = Recorded(algorithm, store, lease, version="2", poll_seconds=60)
    assert decorated.ask() is not None
    claimed_again(store, clock)
    decorated.tell(0, {"accuracy": 0.5})
    assert decorated.finished
    assert decorated.hold is Hold.LOST
    assert decorated.ask() is None
    assert algorithm.told == {}


def test_the_database_is_asked_once_per_poll_time(sqlite_store: Store) -> None:
    now = [0.0]
    lease = claim_new(sqlite_store)
    decorated = Recorded(ToyAlgorithm(), sqlite_store, lease, version="2", poll_seconds=1, clock=lambda: now[0])
    assert not decorated.finished
    sqlite_store.searches.request_cancel(lease.search_id)
    sqlite_store.searches.resize(lease.search_id, 5)
    assert not decorated.finished
    assert decorated.slots is None
    now[0] = 1.0
    assert decorated.finished
    assert decorated.slots == 5


def test_time_counts_from_the_first_attempt(store: Store, clock: Clock) -> None:
    lease, algorithm = claim_new(store), ToyAlgorithm()
    first = recorded(store, lease)
    first.ask()
    clock.advance(2.5)
    first.tell(0, {"accuracy": 0.5})
    second = recorded(store, claimed_again(store, clock), algorithm)
    second.ask()
    second.tell(1, {"accuracy": 0.75})
    for found in (
        algorithm.told,
        {each.candidate.index: each.outcome for each in store.candidates.history(lease.search_id)},
    ):
        assert found[0] == {"accuracy": 0.5, "elapsed_seconds": 2.5}
        assert found[1] == {"accuracy": 0.75, "elapsed_seconds": 2.5 + LEASE_SECONDS + 1}


def test_a_search_of_the_real_kind_is_replayed(sqlite_store: Store, clock: Clock) -> None:
    """A genetic search with its finals, killed every few candidates, equals one that was left alone."""
    config = ViltConfig(hidden_size=16, heads=2, blocks=4, ffn_size=32, image_size=64)
    workload = Workload(task=TaskName.VQA, text_tokens=8, image_height=64, image_width=64, answers=4)
    spec = SearchSpec.model_validate({"budget": {"candidates": 20}, "algorithm": {"name": "genetic", "population": 6}})

    def build() -> SearchAlgorithm:
        macs = cost_model(config, workload).macs
        space = SearchSpace(config.sub_layers, spec.space, macs, patch_places=config.patch_places)
        return build_algorithm(spec, space)

    def score(candidate: Candidate) -> dict[str, float]:
        return {"accuracy": sum(place * gene for place, gene in enumerate(candidate.genome)) / 100, "macs": 1.0}

    alone, asked = build(), list[Candidate]()
    while (candidate := alone.ask()) is not None:
        asked.append(candidate)
        alone.tell(candidate.index, score(candidate))
    lease = claim_new(sqlite_store)
    while not (killed := recorded(sqlite_store, lease, build())).finished:
        for _ in range(3):
            if (candidate := killed.ask()) is not None:
                killed.tell(candidate.index, score(candidate))
        lease = claimed_again(sqlite_store, clock)
    assert [each.candidate for each in sqlite_store.candidates.history(lease.search_id)] == asked
    assert killed.front() == alone.front()
