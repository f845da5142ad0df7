"""Neither the speed nor the errors of a tracker reach who tells it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from service.tracking.shielded import Shielded
from service.tracking.tracker import Ending, Point
from tests.service.tracking.runs import RUN, Remembering, points

SECONDS = 60.0


def until(satisfied: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not satisfied():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_everything_arrives_in_order() -> None:
    tracker = Remembering()
    shielded = Shielded("toy", tracker, RUN)
    for point in points(1, 200):
        shielded.write(point)
    shielded.end(Ending.SUCCEEDED, ())
    assert tracker.runs == [RUN]
    assert tracker.points == points(1, 200)
    assert tracker.ends == [(Ending.SUCCEEDED, ())]


def test_what_it_missed_arrives_when_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    tracker = Remembering(broken=True)
    shielded = Shielded("toy", tracker, RUN, again_seconds=0.01)
    for point in points(1, 5):
        shielded.write(point)
    until(lambda: tracker.tries > 3)
    tracker.broken = False
    until(lambda: len(tracker.points) == 5)
    for point in points(6, 9):
        shielded.write(point)
    shielded.end(None, ())
    assert tracker.points == points(1, 9)
    assert tracker.ends == [(None, ())]
    assert [record.getMessage() for record in caplog.records] == [
        "tracker 'toy' failed, it is tried again later: ConnectionError: nobody is there"
    ]


def test_what_it_never_got_is_said(caplog: pytest.LogCaptureFixture) -> None:
    shielded = Shielded("toy", Remembering(broken=True), RUN)
    for point in points(1, 3):
        shielded.write(point)
    shielded.end(Ending.FAILED, ())
    assert "3 candidates were not written there: ConnectionError" in caplog.records[-1].getMessage()


def test_one_that_hangs_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    go_on = threading.Event()

    class Hanging(Remembering):
        def write(self, points: Sequence[Point]) -> None:
            go_on.wait(SECONDS)
            super().write(points)

    shielded = Shielded("toy", Hanging(), RUN, patience_seconds=0.05)
    with caplog.at_level(logging.WARNING):
        shielded.write(points(1, 1)[0])
        shielded.end(Ending.SUCCEEDED, ())
    go_on.set()
    assert "tracker 'toy' is too slow" in caplog.text
