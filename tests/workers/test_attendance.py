"""Who is there, and what their time comes to."""

import pytest

from tests.workers.test_lease_queue import Clock
from workers.attendance import Attendance


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attendance(clock: Clock) -> Attendance:
    attendance = Attendance(clock, silence=10)
    attendance.arrive(0, "a")
    return attendance


def test_start_up_costs_nothing_and_who_comes_later_counts_from_then(attendance: Attendance, clock: Clock) -> None:
    clock.now = 5
    attendance.meter()
    assert attendance.presence().worker_seconds == 0
    clock.now = 8
    attendance.arrive(1, "b")
    clock.now = 10
    found = attendance.presence()
    assert (found.most, found.wall_seconds, found.worker_seconds) == (2, 5, 5 + 2)


def test_who_leaves_counts_no_more(attendance: Attendance, clock: Clock) -> None:
    attendance.meter()
    attendance.arrive(1, "b")
    clock.now = 4
    attendance.leave(1, "b")
    clock.now = 6
    assert attendance.presence().worker_seconds == 6 + 4
    assert attendance.presence().most == 2
    assert list(attendance.slots) == [0]


def test_the_silent_left_with_their_last_sign_and_come_back_with_the_next(attendance: Attendance, clock: Clock) -> None:
    attendance.meter()
    clock.now = 3
    attendance.sign(0, "a")
    clock.now = 13
    attendance.expire()
    assert not attendance.has(0, "a")
    assert attendance.presence().worker_seconds == 3
    clock.now = 14
    attendance.sign(0, "a")
    clock.now = 16
    assert attendance.presence().worker_seconds == 3 + 2


def test_a_slot_belongs_to_its_latest_life(attendance: Attendance, clock: Clock) -> None:
    attendance.meter()
    attendance.arrive(0, "a2")
    attendance.sign(0, "a")
    attendance.leave(0, "a")
    assert attendance.has(0, "a2")
    assert not attendance.current(0, "a")
    clock.now = 2
    attendance.lose(0)
    attendance.sign(0, "a2")
    assert len(attendance) == 0, "one that is known to be dead does not come back"
    assert attendance.presence().worker_seconds == 2
