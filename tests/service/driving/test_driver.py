"""A driver takes a search from its rows to its end, whatever happens on the way."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from search.contracts import ClusterLostError, Runner, RunnerError, SearchAlgorithm, Utilisation
from search.spec import SearchSpec, SpecError
from service.domain.records import Status
from service.driving.driver import Parts, Slots, drive
from service.driving.heartbeat import heartbeat
from service.searches.store import Store
from tests.service.conftest import LEASE_SECONDS, Clock
from tests.service.toys import ToyAlgorithm, ToyRunner, claim_new, toy_key


class Raising:
    """A runner that raises."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def run(self, algorithm: SearchAlgorithm) -> Utilisation:
        raise self._error


@pytest.fixture
def parts(sqlite_store: Store, tmp_path: Path) -> Callable[..., Parts]:
    def build(runner: Runner, *, algorithm: Callable[[object], ToyAlgorithm] = lambda _: ToyAlgorithm()) -> Parts:
        return Parts(
            store=sqlite_store,
            algorithm=algorithm,
            runner=lambda _spec, _slots: runner,
            keys=lambda _spec: toy_key,
            artifacts=tmp_path,
            exported=lambda _spec, winner: tmp_path / "models" / str(winner.index),
            version="1",
            renew_seconds=60,
            poll_seconds=0,
        )

    return build


def test_success(sqlite_store: Store, parts: Callable[..., Parts], tmp_path: Path) -> None:
    lease = claim_new(sqlite_store)
    (tmp_path / "models" / "0").mkdir(parents=True)
    drive(lease, parts(ToyRunner()))
    search = sqlite_store.searches.get(lease.search_id)
    assert search.status is Status.SUCCEEDED
    assert search.result is not None
    assert search.result["chosen"] == 0
    assert search.result["artifact"] == "models/0"
    assert search.result["utilisation"]["share"] == 0.5
    assert search.result["reused"] == 0
    assert search.result["fidelity"]["costs"]["proxy"]["candidates"] == 6
    assert "no candidate of it was audited" in search.result["fidelity"]["summary"]
    assert all(each.outcome is not None for each in sqlite_store.candidates.history(search.id))


def test_the_same_search_over_two_drivers(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    def die(tells: int) -> None:
        if tells == 3:
            raise ConnectionError("the network went away")

    first = claim_new(sqlite_store)
    with pytest.raises(ConnectionError):
        drive(first, parts(ToyRunner(die)))
    assert sqlite_store.searches.get(first.search_id).status is Status.RUNNING
    sqlite_store.leases.abandon(first, "the network went away")
    second = sqlite_store.leases.claim()
    assert second is not None
    drive(second, parts(ToyRunner()))
    assert sqlite_store.searches.get(second.search_id).status is Status.SUCCEEDED


def test_a_resize_reaches_the_runner(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    lease, wanted = claim_new(sqlite_store), list[int | None]()

    def runner(_spec: object, slots: Slots) -> Runner:
        def after(tells: int) -> None:
            if tells == 2:
                sqlite_store.searches.resize(lease.search_id, 7)
            wanted.append(slots())

        return ToyRunner(after)

    drive(lease, replace(parts(ToyRunner()), runner=runner))
    assert wanted == [None, 7, 7, 7, 7, 7]


@pytest.mark.parametrize("reuse", [False, True])
def test_what_an_earlier_search_measured(sqlite_store: Store, parts: Callable[..., Parts], reuse: bool) -> None:
    measured = list[int]()
    first = claim_new(sqlite_store)
    drive(first, parts(ToyRunner()))
    failed = [
        index for index, each in enumerate(sqlite_store.candidates.history(first.search_id)) if each.seconds is None
    ]
    second = claim_new(sqlite_store, SearchSpec(reuse=reuse))
    drive(second, parts(ToyRunner(measured.append)))
    assert len(measured) == (len(failed) if reuse else 6)
    search = sqlite_store.searches.get(second.search_id)
    assert search.status is Status.SUCCEEDED
    assert search.result is not None
    assert search.result["reused"] == (6 - len(failed) if reuse else 0)
    assert search.result["chosen"] == (sqlite_store.searches.get(first.search_id).result or {})["chosen"]


def test_the_winner_is_published_before_the_search_has_succeeded(
    sqlite_store: Store, parts: Callable[..., Parts], tmp_path: Path
) -> None:
    lease, published = claim_new(sqlite_store), list[tuple[str, Status]]()
    (tmp_path / "models" / "0").mkdir(parents=True)

    def publish(artifact: str) -> None:
        published.append((artifact, sqlite_store.searches.get(lease.search_id).status))

    drive(lease, replace(parts(ToyRunner()), published=publish))
    assert published == [("models/0", Status.RUNNING)]


def test_the_preview_of_the_winner_is_published_beside_it(
    sqlite_store: Store, parts: Callable[..., Parts], tmp_path: Path
) -> None:
    lease, published = claim_new(sqlite_store), list[str]()
    for folder in ("models/0", "patches/0", "patches/1"):
        (tmp_path / folder).mkdir(parents=True)
    drive(lease, replace(parts(ToyRunner()), published=published.append))
    assert published == ["models/0", "patches/0"]
    assert (sqlite_store.searches.get(lease.search_id).result or {})["patches"] == "patches/0"


def test_a_report_is_left_once_the_search_has_ended(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    lease, reported = claim_new(sqlite_store), list[Status]()
    toys = replace(
        parts(ToyRunner()), reported=lambda: reported.append(sqlite_store.searches.get(lease.search_id).status)
    )
    drive(lease, toys)
    assert reported == [Status.SUCCEEDED]


def test_no_report_of_a_search_that_is_another_drivers(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    lease, reported = claim_new(sqlite_store), list[str]()

    def lose(tells: int) -> None:
        if tells == 6:
            sqlite_store.leases.abandon(lease, "taken away")

    drive(lease, replace(parts(ToyRunner(lose)), reported=lambda: reported.append("left")))
    assert sqlite_store.searches.get(lease.search_id).status is Status.QUEUED
    assert reported == []


def test_what_it_said_is_kept_until_its_end(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    lease = claim_new(sqlite_store)
    drive(lease, parts(ToyRunner(lambda tells: logging.getLogger("toys").warning("told %d", tells))))
    tail = sqlite_store.log_tails.read(lease.search_id)
    assert tail is not None
    assert tail.lines[-1].endswith("WARNING toys: told 6")


def test_why_it_stopped(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    class Stopping(ToyAlgorithm):
        stopped_by: str | None = "budget.stagnation"

    lease = claim_new(sqlite_store)
    drive(lease, parts(ToyRunner(), algorithm=lambda _: Stopping()))
    assert (sqlite_store.searches.get(lease.search_id).result or {})["stopped_by"] == "budget.stagnation"


def test_cancelled(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    lease = claim_new(sqlite_store)

    def cancel(tells: int) -> None:
        if tells == 2:
            sqlite_store.searches.request_cancel(lease.search_id)

    drive(lease, parts(ToyRunner(cancel)))
    assert sqlite_store.searches.get(lease.search_id).status is Status.CANCELLED
    assert len(sqlite_store.candidates.history(lease.search_id)) == 2


@pytest.mark.parametrize("cancelled", [False, True])
def test_stopped_from_outside(sqlite_store: Store, parts: Callable[..., Parts], cancelled: bool) -> None:
    lease = claim_new(sqlite_store)
    if cancelled:
        sqlite_store.searches.request_cancel(lease.search_id)
    drive(lease, parts(Raising(SystemExit(143))))
    expected = Status.CANCELLED if cancelled else Status.QUEUED
    assert sqlite_store.searches.get(lease.search_id).status is expected


def test_a_runner_that_cannot(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    lease = claim_new(sqlite_store)
    drive(lease, parts(Raising(RunnerError("no worker left alive"))))
    search = sqlite_store.searches.get(lease.search_id)
    assert (search.status, search.error) == (Status.FAILED, "no worker left alive")


def test_a_lost_cluster_may_come_back(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    lease = claim_new(sqlite_store)
    with pytest.raises(ClusterLostError):
        drive(lease, parts(Raising(ClusterLostError("no Ray head answers"))))
    assert sqlite_store.searches.get(lease.search_id).status is Status.RUNNING


def test_a_runner_that_gives_up_silently(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    class Lazy:
        def run(self, algorithm: SearchAlgorithm) -> Utilisation:
            return Utilisation(1, 1.0, 0.0, 0)

    lease = claim_new(sqlite_store)
    drive(lease, parts(Lazy()))
    search = sqlite_store.searches.get(lease.search_id)
    assert search.status is Status.FAILED
    assert "not finished" in str(search.error)


def test_a_search_that_cannot_be_built(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    def refuse(_spec: object) -> ToyAlgorithm:
        raise SpecError("no backbone 'gone'")

    lease = claim_new(sqlite_store)
    drive(lease, parts(ToyRunner(), algorithm=refuse))
    assert sqlite_store.searches.get(lease.search_id).error == "no backbone 'gone'"


def test_no_winner_is_no_success(sqlite_store: Store, parts: Callable[..., Parts]) -> None:
    class Loser(ToyAlgorithm):
        def chosen(self) -> None:
            return None

    lease = claim_new(sqlite_store)
    # a digest that is a multiple of three fails: see toys.measure
    drive(lease, parts(ToyRunner(), algorithm=lambda _: Loser(budget=12)))
    search = sqlite_store.searches.get(lease.search_id)
    assert search.status is Status.FAILED
    assert "there is no winner: candidate" in str(search.error)


def test_a_lost_lease_writes_nothing(sqlite_store: Store, parts: Callable[..., Parts], clock: Clock) -> None:
    lease = claim_new(sqlite_store)

    def lose(tells: int) -> None:
        if tells == 2:
            clock.advance(LEASE_SECONDS + 1)
            assert sqlite_store.leases.claim() is not None

    drive(lease, parts(ToyRunner(lose)))
    search = sqlite_store.searches.get(lease.search_id)
    assert (search.status, search.result) == (Status.RUNNING, None)
    assert len(sqlite_store.candidates.history(lease.search_id)) == 2


def test_the_heart_beats_until_the_lease_is_lost(sqlite_store: Store, clock: Clock) -> None:
    lease = claim_new(sqlite_store)
    with heartbeat(sqlite_store.leases, lease, every=0.01):
        clock.advance(LEASE_SECONDS - 1)
        time.sleep(0.2)
        clock.advance(LEASE_SECONDS - 1)
        assert sqlite_store.leases.claim() is None
