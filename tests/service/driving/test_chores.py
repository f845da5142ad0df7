"""What a dispatcher does beside its drivers goes on, whatever fails in it, and ends with it."""

import logging
import threading

import pytest

from service.driving.chores import at_work
from service.driving.dispatcher import Dispatcher
from service.searches.store import Store


def test_chores_run_beside_each_other_and_end() -> None:
    both, ended = threading.Barrier(2, timeout=10), list[str]()

    def chore(stop: threading.Event) -> None:
        both.wait()
        stop.wait()
        ended.append(threading.current_thread().name)

    with at_work({"one": chore, "two": chore}):
        both_names = {thread.name for thread in threading.enumerate()}
        assert {"one", "two"} <= both_names
    assert sorted(ended) == ["one", "two"]


def test_one_that_fails_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    done, times = threading.Event(), list[int]()

    def chore(stop: threading.Event) -> None:
        times.append(len(times))
        if len(times) < 3:
            raise OSError("the disk is gone")
        done.set()
        stop.wait()

    with caplog.at_level(logging.ERROR), at_work({"cleaning": chore}, again_seconds=0.01):
        assert done.wait(10)
    assert times == [0, 1, 2]
    assert "cleaning: an error" in caplog.text
    assert "the disk is gone" in caplog.text


def test_of_a_dispatcher(sqlite_store: Store) -> None:
    stop, seen = threading.Event(), list[bool]()

    def chore(end: threading.Event) -> None:
        stop.set()
        seen.append(end.wait(10))

    def spawn(_lease: object) -> None:
        raise AssertionError("nothing waits")

    Dispatcher(sqlite_store.leases, spawn, poll_seconds=0.01, chores={"chore": chore}).run(stop)  # type: ignore[arg-type]  # never called
    assert seen == [True]
