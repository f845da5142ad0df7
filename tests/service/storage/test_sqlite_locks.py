"""Writers of one SQLite file wait for each other, all about as long, and none is ever told that it is locked."""

import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from search.contracts import Candidate, Fidelity
from search.spec import SearchSpec
from service.searches.store import Store
from service.storage.database import connect, reading
from service.storage.write_queue import WriteQueue

PROCESSES, THREADS, SECONDS = 4, 2, 2.0


def write(url: str) -> list[float]:
    """A search, and asks and tells for a while; how long each pair took."""
    store, waits = Store.on(connect(url), patience_seconds=0.0), list[float]()
    store.searches.create(SearchSpec(), "1")
    lease = store.leases.claim()
    assert lease is not None
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.monotonic()
        index = len(waits)
        store.candidates.record_ask(lease, Candidate(index, (index,)), index)
        store.candidates.record_tell(lease, index, {"accuracy": 0.5}, 1.0)
        waits.append(time.monotonic() - began)
    return waits


def write_in_threads(url: str) -> list[list[float]]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(write, [url] * THREADS))


def started(seconds: float) -> None:
    """As long as this takes, the next one is another process's."""
    time.sleep(seconds)


def test_eight_writers_at_once(sqlite: Engine) -> None:
    urls = [str(sqlite.url)] * PROCESSES
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(started, [0.5] * PROCESSES))
        waits = [each for found in pool.map(write_in_threads, urls) for each in found]
    assert len(waits) == PROCESSES * THREADS
    counts = sorted(map(len, waits))
    assert counts[0] * 10 > counts[-1]  # without turns some come to one write and others to hundreds
    assert max(max(each) for each in waits) < 5
    store = Store.on(sqlite)
    searches = [each.id for each in store.searches.page()]
    progress = store.candidates.progress(searches)
    assert sorted(each[Fidelity.PROXY].told for each in progress.values()) == counts
    assert all(each[Fidelity.PROXY].asked == each[Fidelity.PROXY].told for each in progress.values())


def test_who_reads_waits_for_nobody(sqlite: Engine) -> None:
    store = Store.on(sqlite)
    search = store.searches.create(SearchSpec(), "1")
    with sqlite.execution_options(writes=True).connect() as writer:
        writer.execute(text("UPDATE searches SET name = 'another'"))
        assert store.searches.get(search.id).name == search.name
        writer.commit()
    assert store.searches.get(search.id).name == "another"


def test_whoever_wrote_last_goes_last(tmp_path: Path) -> None:
    queue, order = WriteQueue(str(tmp_path / "file")), list[str]()
    waiting, first = threading.Event(), threading.Event()

    def patient() -> None:
        waiting.set()
        with queue.turn():
            order.append("patient")

    def greedy() -> None:
        for _ in range(3):
            with queue.turn():
                order.append("greedy")
                first.set()
                waiting.wait()
                time.sleep(0.05)

    threads = [threading.Thread(target=greedy), threading.Thread(target=patient)]
    threads[0].start()
    first.wait()
    threads[1].start()
    for thread in threads:
        thread.join()
    assert order == ["greedy", "patient", "greedy", "greedy"]


def test_a_frozen_writer_stops_nobody_for_ever(tmp_path: Path) -> None:
    frozen, other = (WriteQueue(str(tmp_path / "file"), patience_seconds=0.1) for _ in range(2))
    with frozen.turn():
        began = time.monotonic()
        with other.turn():
            assert time.monotonic() - began >= 0.1
    with other.turn():
        pass


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
def test_settings(sqlite: Engine, pragma: str, value: object) -> None:
    with reading(sqlite) as session:
        assert session.scalar(text(f"PRAGMA {pragma}")) == value


def test_the_memory_database_needs_no_turns() -> None:
    engine = connect("sqlite://")
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()
