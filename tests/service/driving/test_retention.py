"""What searches exported goes when its time has come, on every machine, and nothing else does."""

import logging
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from search.spec import SearchSpec
from service.domain.action import Action
from service.domain.records import Idempotency, SearchNotFoundError, SearchUnfinishedError, Status
from service.driving.old_searches import exported_before
from service.driving.retention import DELIVERIES_KEPT, KEYS_KEPT, Retention
from service.events.deliveries import Deliveries
from service.searches.store import Store
from service.storage.artifacts import Artifacts, ArtifactsError
from service.storage.database import reading
from tests.service.conftest import Clock
from tests.service.receiving import ended_search, told_of
from tests.service.toys import claim_new

KEEP = timedelta(days=7)


@pytest.fixture
def retention(store: Store, tmp_path: Path) -> Retention:
    exports = Artifacts(tmp_path / "bucket")
    return Retention(store=store, exports=exports, scratch=tmp_path / "scratch", copied=True, keep=KEEP)


def exported(store: Store, tmp_path: Path, *, end: bool = True) -> str:
    """A search with files in both places."""
    lease = claim_new(store)
    for place in ("bucket", "scratch"):
        folder = tmp_path / place / lease.search_id / "models"
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"w")
    if end:
        store.leases.finish(lease, Status.SUCCEEDED)
    return lease.search_id


def there(tmp_path: Path, search_id: str) -> list[str]:
    return [place for place in ("bucket", "scratch") if (tmp_path / place / search_id).exists()]


def test_what_is_old_goes(store: Store, retention: Retention, clock: Clock, tmp_path: Path) -> None:
    old = exported(store, tmp_path)
    clock.now += KEEP + timedelta(seconds=1)
    young, unfinished = exported(store, tmp_path), exported(store, tmp_path, end=False)
    for _ in range(2):
        retention.sweep()
        assert [there(tmp_path, each) for each in (old, young, unfinished)] == [[], ["bucket"], ["bucket", "scratch"]]
    search = store.searches.get(old)
    assert search.artifacts_deleted_at == clock.now
    last = store.journal.of_search(old)[-1]
    assert (last.action, last.actor) == (Action.ARTIFACTS_DELETED, "twinsieve")
    with reading(store.engine) as session:
        assert exported_before(session, clock.now, limit=9) == []


def test_all_in_portions(
    store: Store, retention: Retention, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.driving.retention.AT_ONCE", 2)
    ids = [exported(store, tmp_path) for _ in range(5)]
    clock.now += KEEP + timedelta(seconds=1)
    retention.sweep()
    assert [there(tmp_path, each) for each in ids] == [[]] * 5


def test_for_ever(store: Store, retention: Retention, clock: Clock, tmp_path: Path) -> None:
    search_id = exported(store, tmp_path)
    clock.now += timedelta(days=3650)
    keeping = Retention(store=store, exports=retention.exports, scratch=retention.scratch, copied=False)
    keeping.sweep()
    assert there(tmp_path, search_id) == ["bucket", "scratch"]


def test_deliveries_that_are_over(
    store: Store, retention: Retention, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.events.deliveries.MAX_ATTEMPTS", 1)
    webhook = told_of(store, "http://127.0.0.1:9/")
    for _ in range(3):
        ended_search(store)
    deliveries = Deliveries(store.engine, clock)
    arrived, failed, _waiting = deliveries.claim()
    deliveries.delivered(arrived)
    deliveries.failed(failed, "no answer")
    clock.now += DELIVERIES_KEPT
    retention.sweep()
    assert len(store.webhooks.deliveries(webhook)) == 3
    clock.now += timedelta(seconds=1)
    retention.sweep()
    assert [each.delivered_at for each in store.webhooks.deliveries(webhook)] == [None]


def test_another_machine_s_deletion(store: Store, retention: Retention, tmp_path: Path) -> None:
    """It deleted the search and the bucket's copy; ours goes with the next sweep. What nobody knows is left alone."""
    search_id = exported(store, tmp_path)
    stranger = tmp_path / "scratch" / ("0" * 26)
    other = tmp_path / "scratch" / "readme"
    for folder in (stranger, other):
        folder.mkdir()
    elsewhere = Retention(store=store, exports=retention.exports, scratch=tmp_path / "elsewhere", copied=True)
    elsewhere.delete(search_id)
    assert there(tmp_path, search_id) == ["scratch"]
    retention.sweep()
    assert there(tmp_path, search_id) == []
    assert stranger.exists()
    assert other.exists()


def test_what_runs_is_not_deleted(store: Store, retention: Retention, tmp_path: Path) -> None:
    search_id = exported(store, tmp_path, end=False)
    for delete in (retention.delete, retention.delete_artifacts):
        with pytest.raises(SearchUnfinishedError):
            delete(search_id)
        with pytest.raises(SearchNotFoundError):
            delete("0" * 26)
    assert there(tmp_path, search_id) == ["bucket", "scratch"]


def test_files_that_cannot_be_deleted_are_not_said_to_be(
    store: Store,
    retention: Retention,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    search_id = exported(store, tmp_path)

    def refuse(_artifacts: Artifacts, _search_id: str) -> None:
        raise ArtifactsError("the bucket is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Artifacts, "delete", refuse)
        with pytest.raises(ArtifactsError):
            retention.delete(search_id)
    assert store.searches.get(search_id).artifacts_deleted_at is None
    retention.delete(search_id)
    with pytest.raises(SearchNotFoundError):
        store.searches.get(search_id)


def test_keys_of_submissions_are_forgotten(store: Store, retention: Retention, clock: Clock) -> None:
    key = Idempotency("once", "0" * 64)
    first = store.searches.create(SearchSpec(), "1", idempotency=key).id
    clock.now += KEYS_KEPT - timedelta(seconds=1)
    retention.sweep()
    assert store.searches.create(SearchSpec(), "1", idempotency=key).id == first
    clock.now += timedelta(seconds=2)
    retention.sweep()
    assert store.searches.create(SearchSpec(), "1", idempotency=key).id != first


def test_an_error_is_not_the_end(
    retention: Retention, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop, sweeps = threading.Event(), list[int]()

    def fail(_retention: Retention) -> None:
        sweeps.append(len(sweeps))
        if len(sweeps) == 3:
            stop.set()
        raise ArtifactsError("the bucket is gone")

    monkeypatch.setattr("service.driving.retention.SWEEP_SECONDS", 0.01)
    monkeypatch.setattr(Retention, "sweep", fail)
    with caplog.at_level(logging.WARNING):
        retention.run(stop)
    assert sweeps == [0, 1, 2]
    assert "the bucket is gone" in caplog.text
