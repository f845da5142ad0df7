"""Trackers follow a search over its drivers, and no search fails by them."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from search.contracts import Runner, RunnerError, SearchAlgorithm, Utilisation
from service.domain.records import Status
from service.driving.driver import Parts, drive
from service.searches.store import Store
from service.settings import Settings
from service.tracking.followers import Follow, followers
from service.tracking.opening import following
from service.tracking.tracker import Ending, Tracker
from tests.service.toys import ToyAlgorithm, ToyRunner, claim_new, toy_key
from tests.service.tracking.runs import Remembering

Build = Callable[[Runner, Mapping[str, Tracker]], Parts]


@pytest.fixture
def parts(sqlite_store: Store, tmp_path: Path) -> Build:
    def build(runner: Runner, trackers: Mapping[str, Tracker], *, most_bytes: int = 1000) -> Parts:
        @contextmanager
        def follow(search_id: str) -> Iterator[Follow]:
            with followers(sqlite_store, search_id, trackers, artifacts=tmp_path, most_bytes=most_bytes) as following:
                yield following

        return Parts(
            store=sqlite_store,
            algorithm=lambda _: ToyAlgorithm(),
            runner=lambda _spec, _slots: runner,
            keys=lambda _spec: toy_key,
            artifacts=tmp_path,
            exported=lambda _spec, winner: tmp_path / "models" / str(winner.index),
            followers=follow,
            version="1",
            renew_seconds=60,
            poll_seconds=0,
        )

    return build


def left_behind(artifacts: Path, *, html: int) -> Path:
    """The folder of a model, beside a report of which one form has `html` bytes."""
    model, report = artifacts / "models" / "0", artifacts / "report"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}")
    report.mkdir()
    (report / "report.html").write_text("x" * html)
    (report / "report.md").write_text("short")
    return model


def test_a_search_to_its_end(sqlite_store: Store, parts: Build, tmp_path: Path) -> None:
    lease, tracker = claim_new(sqlite_store), Remembering()
    left_behind(tmp_path, html=999)
    drive(lease, parts(ToyRunner(), {"toy": tracker}))
    search = sqlite_store.searches.get(lease.search_id)
    assert search.status is Status.SUCCEEDED
    (run,) = tracker.runs
    assert (run.search_id, run.name, run.spec) == (search.id, search.name, search.spec)
    assert [point.step for point in tracker.points] == [1, 2, 3, 4, 5, 6]
    stored = {each.candidate.index: each.outcome for each in sqlite_store.candidates.history(search.id)}
    for point in tracker.points:
        outcome = stored[int(point.values["search/candidate"])]
        accuracy = None if not isinstance(outcome, dict) else outcome["accuracy"]
        assert point.values.get("proxy/accuracy") == accuracy
    html = tmp_path / "report" / "report.html"
    assert tracker.ends == [(Ending.SUCCEEDED, [html])]  # no byte is left for anything else


def test_what_is_small_enough_is_kept(sqlite_store: Store, parts: Build, tmp_path: Path) -> None:
    lease, tracker = claim_new(sqlite_store), Remembering()
    model = left_behind(tmp_path, html=2000)
    drive(lease, parts(ToyRunner(), {"toy": tracker}))
    assert tracker.ends == [(Ending.SUCCEEDED, [tmp_path / "report" / "report.md", model])]


def test_a_second_driver_tells_the_whole_past_again(sqlite_store: Store, parts: Build) -> None:
    def die(tells: int) -> None:
        if tells == 3:
            raise ConnectionError("the network went away")

    lease, first, second = claim_new(sqlite_store), Remembering(), Remembering()
    with pytest.raises(ConnectionError):
        drive(lease, parts(ToyRunner(die), {"toy": first}))
    assert [ending for ending, _ in first.ends] == [None]
    sqlite_store.leases.abandon(lease, "the network went away")
    again = sqlite_store.leases.claim()
    assert again is not None
    drive(again, parts(ToyRunner(), {"toy": second}))
    assert second.points[: len(first.points)] == first.points
    assert [point.step for point in second.points] == [1, 2, 3, 4, 5, 6]
    assert [ending for ending, _ in second.ends] == [Ending.SUCCEEDED]


@pytest.mark.parametrize("ending", [Ending.CANCELLED, Ending.FAILED])
def test_other_ends(sqlite_store: Store, parts: Build, ending: Ending) -> None:
    lease, tracker = claim_new(sqlite_store), Remembering()

    class Failing:
        def run(self, algorithm: SearchAlgorithm) -> Utilisation:
            raise RunnerError("no GPU")

    def cancel(tells: int) -> None:
        if tells == 2:
            sqlite_store.searches.request_cancel(lease.search_id)

    drive(lease, parts(Failing() if ending is Ending.FAILED else ToyRunner(cancel), {"toy": tracker}))
    assert sqlite_store.searches.get(lease.search_id).status.value == ending.value
    assert [(said, list(files)) for said, files in tracker.ends] == [(ending, [])]


def test_a_broken_tracker_fails_no_search(sqlite_store: Store, parts: Build, caplog: pytest.LogCaptureFixture) -> None:
    lease, well = claim_new(sqlite_store), Remembering()
    with caplog.at_level(logging.WARNING):
        drive(lease, parts(ToyRunner(), {"broken": Remembering(broken=True), "well": well}))
    assert sqlite_store.searches.get(lease.search_id).status is Status.SUCCEEDED
    assert len(well.points) == 6
    assert "tracker 'broken' failed" in caplog.text


def test_by_setting(sqlite_store: Store, parts: Build, tmp_path: Path) -> None:
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    lease = claim_new(sqlite_store)
    settings = Settings(state_dir=tmp_path, trackers="tensorboard")
    drive(lease, replace(parts(ToyRunner(), {}), followers=following(settings, sqlite_store, tmp_path)))
    (folder,) = (tmp_path / "tensorboard").iterdir()
    assert folder.name.endswith(lease.search_id)
    read = accumulators.EventAccumulator(str(folder)).Reload()
    assert [each.step for each in read.Scalars("search/candidate")] == [1, 2, 3, 4, 5, 6]
