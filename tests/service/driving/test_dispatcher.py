"""The dispatcher keeps drivers running and searches moving; its drivers here are toys, and real processes once."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from search.spec import SearchSpec
from service.domain.records import Hold, Lease, Status
from service.driving.dispatcher import Dispatcher
from service.driving.driver_process import DriverProcess
from service.searches.store import Store
from tests.service.conftest import Clock


class ToyDriver:
    """Runs until it is told how it ends."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.code: int | None = None
        self.signals: list[str] = []
        self.obeys = True

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.signals.append("terminate")
        if self.obeys:
            self.code = 0

    def kill(self) -> None:
        self.signals.append("kill")
        self.code = -9

    def last_words(self) -> str:
        return "Traceback (most recent call last):\n  File 'secret.py'\nRuntimeError: boom"


class Bench:
    """A dispatcher with toy drivers and a clock of its own."""

    def __init__(self, store: Store, clock: Clock, *, max_running: int = 1) -> None:
        self.store = store
        self.clock = clock
        self.drivers: list[ToyDriver] = []
        self.now = 0.0
        self.dispatcher = Dispatcher(
            store.leases, self.spawn, max_running=max_running, grace_seconds=0.2, clock=lambda: self.now
        )

    def spawn(self, lease: Lease) -> ToyDriver:
        self.drivers.append(ToyDriver(lease))
        return self.drivers[-1]

    def submit(self) -> str:
        self.clock.advance(1)
        return self.store.searches.create(SearchSpec(), "1").id

    def status(self, search_id: str) -> Status:
        return self.store.searches.get(search_id).status


@pytest.fixture
def bench(sqlite_store: Store, clock: Clock) -> Bench:
    return Bench(sqlite_store, clock)


def test_no_more_drivers_than_allowed(sqlite_store: Store, clock: Clock) -> None:
    bench = Bench(sqlite_store, clock, max_running=2)
    ids = [bench.submit() for _ in range(3)]
    bench.dispatcher.step()
    assert [driver.lease.search_id for driver in bench.drivers] == ids[:2]
    sqlite_store.leases.finish(bench.drivers[0].lease, Status.SUCCEEDED)
    bench.drivers[0].code = 0
    bench.dispatcher.step()
    assert [driver.lease.search_id for driver in bench.drivers] == ids
    assert bench.status(ids[0]) is Status.SUCCEEDED


def test_a_dead_driver_is_replaced_at_once_and_at_last_its_search_fails(bench: Bench) -> None:
    search_id = bench.submit()
    for attempt in (1, 2, 3):
        bench.dispatcher.step()
        assert len(bench.drivers) == attempt
        bench.drivers[-1].code = 1
    bench.dispatcher.step()
    search = bench.store.searches.get(search_id)
    assert search.status is Status.FAILED
    assert search.error is not None
    assert search.error.endswith("the driver ended with code 1: RuntimeError: boom")
    assert "secret" not in search.error


def test_a_cancelled_driver_gets_time_then_a_signal_then_the_end(bench: Bench) -> None:
    search_id = bench.submit()
    bench.dispatcher.step()
    driver = bench.drivers[0]
    driver.obeys = False
    bench.store.searches.request_cancel(search_id)
    for now, expected in ((0.0, []), (0.1, []), (0.3, ["terminate"]), (0.5, ["terminate", "kill"])):
        bench.now = now
        bench.dispatcher.step()
        assert driver.signals == expected
    bench.dispatcher.step()
    assert bench.status(search_id) is Status.CANCELLED


def test_shutting_down_queues_what_was_running(bench: Bench) -> None:
    search_id = bench.submit()
    stop = threading.Event()
    thread = threading.Thread(target=bench.dispatcher.run, args=(stop,))
    thread.start()
    while not bench.drivers:
        time.sleep(0.01)
    stop.set()
    thread.join(timeout=10)
    assert bench.drivers[0].signals == ["terminate"]
    assert bench.status(search_id) is Status.QUEUED


def test_a_lost_cluster_costs_an_attempt(bench: Bench) -> None:
    """No driver can end in good order without its cluster; a search that ends every cluster must not go on for ever."""
    search_id = bench.submit()
    for attempt in (1, 2, 3):
        bench.dispatcher.run(threading.Event(), lost=lambda: len(bench.drivers) == attempt)  # noqa: B023 - used now
        assert bench.drivers[-1].signals == ["kill"]
        assert bench.status(search_id) is (Status.QUEUED if attempt < 3 else Status.FAILED)
    assert str(bench.store.searches.get(search_id).error).endswith("the Ray cluster ended")


def test_shutting_down_does_not_wait_for_ever(bench: Bench) -> None:
    search_id = bench.submit()
    bench.dispatcher.step()
    bench.drivers[0].obeys = False
    bench.dispatcher._clock = time.monotonic
    bench.dispatcher.shut_down()
    assert bench.drivers[0].signals == ["terminate", "kill"]
    assert bench.status(search_id) is Status.QUEUED


def test_a_driver_that_was_replaced_elsewhere_is_ended(bench: Bench, clock: Clock) -> None:
    bench.submit()
    bench.dispatcher.step()
    clock.advance(3600)
    other = bench.store.leases.claim()
    assert other is not None
    for bench.now in (0.0, 0.3):
        bench.dispatcher.step()
    assert bench.drivers[0].signals == ["terminate"]
    bench.dispatcher.step()
    assert bench.store.leases.hold(other) is Hold.HELD


def test_a_paused_driver_is_ended_if_it_does_not_end_itself(bench: Bench) -> None:
    search_id = bench.submit()
    bench.dispatcher.step()
    searches = bench.store.searches
    searches.request_pause(search_id)
    bench.dispatcher.step()
    searches.resume(search_id)
    bench.now = 0.3  # past the grace of the break that was withdrawn
    bench.dispatcher.step()
    searches.request_pause(search_id)
    bench.dispatcher.step()
    assert bench.drivers[0].signals == []
    bench.now = 0.6
    bench.dispatcher.step()
    assert bench.drivers[0].signals == ["terminate"]
    bench.dispatcher.step()
    assert bench.status(search_id) is Status.PAUSED
    bench.dispatcher.step()
    assert len(bench.drivers) == 1


def test_a_real_driver_says_why_it_ends(sqlite_store: Store, tmp_path: Path) -> None:
    """The lease is not in the database that it opens, so it must refuse, on one line, without its token."""
    lease = Lease("0" * 26, "secret-token", 1)
    log = tmp_path / "logs" / "driver.log"
    environment = {"TWINSIEVE_STATE_DIR": str(tmp_path / "other")}
    driver = DriverProcess(lease, log=log, environment=environment, parent=os.getpid())
    deadline = time.monotonic() + 60
    while driver.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert driver.poll() == 2
    assert driver.last_words().startswith("error: the lease on search")
    assert "secret-token" not in log.read_text()


def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    child = (
        "import os, sys, time; from workers.parent_death import end_with_parent; "
        "end_with_parent(int(sys.argv[1])); print(os.getpid(), flush=True); time.sleep(60)"
    )
    parent = (
        "import os, subprocess, sys, time; "
        f"subprocess.Popen([sys.executable, '-c', {child!r}, str(os.getpid())]); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process, process.stdout:
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
