"""What a dead worker held goes out again; an outcome counts once."""

import pytest

from search.contracts import Candidate, Failure, Fidelity
from workers.lease_queue import MAX_ATTEMPTS, LeaseQueue, Told


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> LeaseQueue:
    queue = LeaseQueue(clock, lease_seconds=10)
    for index in range(3):
        queue.put(Candidate(index, (index,)))
    queue.begin(0, "a")
    queue.begin(1, "b")
    return queue


def told(index: int, accuracy: float = 0.5) -> Told:
    return Told(index, {"accuracy": accuracy}, 1.0)


def leased(queue: LeaseQueue, slot: int, life: str, most: int = 1, *, ahead: bool = False) -> list[int]:
    """What a live worker gets that asks for work, and takes it up unless it asked ahead."""
    queue.renew(slot, life)
    pack = queue.lease(slot, life, dict.fromkeys(Fidelity, most), ahead=ahead)
    assert len({candidate.fidelity for candidate in pack}) <= 1
    if not ahead:
        queue.start(slot, life)
    return [candidate.index for candidate in pack]


def test_candidates_go_out_in_order_and_once(queue: LeaseQueue) -> None:
    assert [leased(queue, slot, life) for slot, life in ((0, "a"), (1, "b"), (0, "a"), (1, "b"))] == [[0], [1], [2], []]


def test_a_new_life_of_a_slot_frees_what_its_old_one_held(queue: LeaseQueue) -> None:
    assert leased(queue, 0, "a") == [0]
    queue.begin(0, "a2")
    assert leased(queue, 1, "b") == [0], "the oldest goes first"
    assert leased(queue, 0, "a") == [], "the old life gets nothing more"
    assert queue.dismissed(0, "a")
    assert leased(queue, 0, "a2") == [1]


def test_silence_frees_a_lease_and_a_sign_of_life_keeps_it(queue: LeaseQueue, clock: Clock) -> None:
    leased(queue, 0, "a")
    leased(queue, 1, "b")
    clock.now = 8
    queue.renew(0, "a")
    clock.now = 12
    assert leased(queue, 0, "a") == [1], "of the silent worker"


def test_an_outcome_told_twice_counts_once(queue: LeaseQueue, clock: Clock) -> None:
    leased(queue, 0, "a")
    clock.now = 11
    assert leased(queue, 1, "b") == [0]
    assert queue.complete(told(0, 0.1)), "the silent worker was alive after all, and is first"
    assert not queue.complete(told(0, 0.2))
    assert [each.outcome for each in queue.drain()] == [{"accuracy": 0.1}]
    assert queue.drain() == []


def test_an_outcome_that_comes_late_takes_the_candidate_out_of_the_line(queue: LeaseQueue, clock: Clock) -> None:
    leased(queue, 0, "a")
    clock.now = 11
    queue.expire()
    assert queue.complete(told(0))
    assert leased(queue, 1, "b") == [1]


def test_a_candidate_that_ends_its_workers_becomes_a_failure(queue: LeaseQueue) -> None:
    for attempt in range(MAX_ATTEMPTS):
        queue.begin(0, f"life {attempt}")
        assert leased(queue, 0, f"life {attempt}") == [0]
    queue.begin(0, "last")
    (outcome,) = queue.drain()
    assert outcome.index == 0
    assert isinstance(outcome.outcome, Failure)
    assert "died 3 times" in outcome.outcome.reason
    assert leased(queue, 0, "last") == [1]


def test_work_is_no_sign_of_life_and_the_silent_get_none(queue: LeaseQueue, clock: Clock) -> None:
    clock.now = 8
    assert [each.index for each in queue.lease(0, "a", {})] == [0], "it may have died since it asked"
    queue.renew(1, "b")
    clock.now = 12
    assert leased(queue, 1, "b") == [0], "of the one that did"
    assert queue.lease(0, "a", {}) == []


def test_a_closed_queue_hands_out_nothing_and_keeps_its_first_error(queue: LeaseQueue) -> None:
    queue.close("the first")
    queue.close("the second")
    assert leased(queue, 0, "a") == []
    assert queue.error == "the first"


def test_a_retired_worker_gets_nothing_and_its_outcome_still_counts(queue: LeaseQueue) -> None:
    assert leased(queue, 0, "a") == [0]
    queue.retire(0)
    assert queue.dismissed(0, "a")
    assert leased(queue, 0, "a") == []
    assert queue.complete(told(0))
    assert not queue.dismissed(1, "b")
