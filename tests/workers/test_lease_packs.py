"""Packs: how many candidates go to a worker at once, and what becomes of a pack whose worker dies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.contracts import Candidate, Fidelity
from tests.workers.test_lease_queue import Clock, leased, told
from workers.lease_queue import AHEAD, FIRST_ROOM, MAX_ATTEMPTS, LeaseQueue


def queue_of(count: int, workers: int, *fidelities: Fidelity) -> LeaseQueue:
    """`count` candidates, whose fidelities take turns, and workers whose life is named as their slot."""
    queue = LeaseQueue(Clock(), lease_seconds=10)
    for index in range(count):
        queue.put(Candidate(index, (index,), (fidelities or (Fidelity.PROXY,))[index % max(1, len(fidelities))]))
    for slot in range(workers):
        queue.begin(slot, str(slot))
    return queue


@given(count=st.integers(1, 60), workers=st.integers(1, 9), most=st.integers(1, 20))
def test_everything_goes_out_once_and_nobody_takes_more_than_a_fair_share(count: int, workers: int, most: int) -> None:
    queue, seen = queue_of(count, workers), list[int]()
    while pack := leased(queue, len(seen) % workers, str(len(seen) % workers), most):
        assert len(pack) <= min(most, -(-(count - len(seen)) // workers))
        seen += pack
    assert seen == list(range(count))


def test_a_pack_is_of_one_fidelity_and_the_others_keep_their_order() -> None:
    queue = queue_of(6, 1, Fidelity.PROXY, Fidelity.AUDIT)
    assert [leased(queue, 0, "0", 2) for _ in range(4)] == [[0, 2], [1, 3], [4], [5]]


def test_a_lost_pack_goes_out_again_one_by_one() -> None:
    """One of it may have been the reason; the others shall not fail with it."""
    queue = queue_of(5, 1)
    assert leased(queue, 0, "0", 3) == [0, 1, 2]
    queue.lose(0)
    queue.begin(0, "again")
    assert [leased(queue, 0, "again", 3) for _ in range(4)] == [[0], [1], [2], [3, 4]]


def test_a_pack_that_was_not_begun_is_no_reason_for_a_death() -> None:
    queue = queue_of(9, 1)
    for attempt in range(MAX_ATTEMPTS + 1):
        life = f"life {attempt}"
        queue.begin(0, life)
        assert leased(queue, 0, life, 2, ahead=True) == [0, 1], "whole, as often as it takes"
    queue.start(0, life)
    queue.begin(0, "last")
    assert leased(queue, 0, "last", 2) == [0]
    assert queue.drain() == []


@pytest.mark.parametrize(("waiting", "given"), [(6, [0, 1, 2]), (5, [])])
def test_work_ahead_only_while_every_worker_could_have_a_whole_pack(waiting: int, given: list[int]) -> None:
    assert leased(queue_of(waiting, 2), 0, "0", 3, ahead=True) == given


def test_what_was_in_hand_stays_with_its_worker_when_another_is_lost() -> None:
    queue = queue_of(4, 2)
    assert (leased(queue, 0, "0", 2), leased(queue, 1, "1", 2)) == ([0, 1], [2])
    queue.lose(1)
    assert queue.holds(0, "0")
    assert not queue.holds(1, "1")
    assert leased(queue, 0, "0") == [2]
    assert queue.complete(told(2))


def test_there_is_room_for_three_packs_of_each_worker() -> None:
    queue = queue_of(40, 2)
    assert queue.room == max(FIRST_ROOM, AHEAD * 2)
    leased(queue, 0, "0", 4)
    leased(queue, 1, "1", 8)
    assert queue.room == AHEAD * (4 + 8)
    queue.end(1, "1")
    assert queue.room == AHEAD * 4
