"""The commands that change a search, and what they added to `submit`, `ls` and `show`."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.api.services import Services
from service.domain.records import Status
from tests.service.commands import Cli, assert_mistake
from tests.service.conftest import Clock
from tests.service.serving import serving

SPEC = "{backbone: tiny, budget: {candidates: 8}, algorithm: {name: genetic, population: 4}}"


@pytest.fixture
def server(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(services) as address:
        monkeypatch.setenv("TWINSIEVE_SERVER", address)
        yield address


@pytest.fixture
def search_id(server: str, cli: Cli, services: Services, tmp_path: Path) -> str:
    file = tmp_path / "spec.yaml"
    file.write_text(SPEC)
    assert cli("submit", file, "--label", "paper", "--label", "vqa", "--priority", 3).code == 0
    return services.store.searches.page()[0].id


def finish(services: Services) -> None:
    lease = services.store.leases.claim()
    assert lease is not None
    services.store.leases.finish(lease, Status.SUCCEEDED)


def test_submit_once(cli: Cli, services: Services, search_id: str, tmp_path: Path) -> None:
    for _ in range(2):
        done = cli("submit", tmp_path / "spec.yaml", "--key", "mine")
        assert (done.code, "queued; 1 ahead" in done.out) == (0, True)
    assert len(services.store.searches.page()) == 2
    assert_mistake(cli("submit", tmp_path / "spec.yaml", "--key", "mine", "--set", "seed=1"), "was used before")
    for search in services.store.searches.page():
        services.store.searches.request_cancel(search.id)
    assert "cancelled. See it" in cli("submit", tmp_path / "spec.yaml", "--key", "mine").out


def test_labels_and_owner_in_the_list(cli: Cli, search_id: str) -> None:
    line = next(line for line in cli("ls").out.splitlines() if search_id in line)
    assert line.split()[-3:] == ["local", "paper,", "vqa"]
    assert search_id in cli("ls", "--label", "vqa", "--owner", "local").out
    assert search_id not in cli("ls", "--label", "vq").out
    assert search_id not in cli("ls", "--owner", "nobody").out


def test_pause_and_resume(cli: Cli, services: Services, search_id: str) -> None:
    assert "paused; go on with it" in cli("pause", search_id).out
    assert "queued; 0 ahead" in cli("resume", search_id).out
    assert services.store.leases.claim() is not None
    assert "stops within a few seconds" in cli("pause", search_id).out
    assert "running, stops for a break" in cli("show", search_id).out
    assert "it goes on" in cli("resume", search_id).out
    assert_mistake(cli("pause", "x"), "no search 'x'")


def test_extend(cli: Cli, services: Services, search_id: str, clock: Clock) -> None:
    assert_mistake(cli("extend", search_id, 12), "has status queued")
    finish(services)
    clock.advance(1)
    assert "queued; 0 ahead" in cli("extend", search_id, 12, "--key", "once").out
    assert "queued; 0 ahead" in cli("extend", search_id, 12, "--key", "once").out
    newest, first = services.store.searches.page()
    assert (newest.extends, newest.spec["budget"]["candidates"], first.id) == (search_id, 12, search_id)


def test_clone(cli: Cli, services: Services, search_id: str, clock: Clock) -> None:
    clock.advance(1)
    assert "queued; 1 ahead" in cli("clone", search_id, "--set", "budget.candidates=9", "--set", "name=two").out
    newest = services.store.searches.page()[0]
    assert (newest.name, newest.spec["budget"]["candidates"], newest.labels) == ("two", 9, ["paper", "vqa"])
    assert_mistake(cli("clone", search_id, "--set", "surprise=1"), "surprise")
    assert_mistake(cli("clone", search_id, "--set", "no value"), "expected key=value")


def test_change(cli: Cli, services: Services, search_id: str) -> None:
    done = cli("change", search_id, "--priority", -5, "--workers", 1, "--notes", "for [the] paper", "--label", "x")
    assert "changed: workers, priority, labels, notes" in done.out
    search = services.store.searches.get(search_id)
    assert (search.priority, search.slots, search.notes, search.labels) == (-5, 1, "for [the] paper", ["x"])
    out = cli("show", search_id).out
    assert "for [the] paper" in out
    assert "labels" in out
    cli("change", search_id, "--no-labels")
    assert services.store.searches.get(search_id).labels == []
    assert_mistake(cli("change", search_id), "nothing is to be changed")
    assert_mistake(cli("change", search_id, "--no-labels", "--label", "x"), "use one of them")
    assert_mistake(cli("change", search_id, "--label", "x" * 65), "body.labels.0")


@pytest.mark.parametrize(("count", "expected"), [(1, "1 worker from now on"), (2, "2 workers from now on")])
def test_one_worker_is_one(cli: Cli, search_id: str, count: int, expected: str) -> None:
    assert expected in cli("workers", search_id, count).out


def test_delete(cli: Cli, services: Services, search_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_mistake(cli("delete", search_id, "--yes"), "cancel it first")
    finish(services)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert cli("delete", search_id).code == 1
    assert "deleted" in cli("delete", search_id, "--artifacts", "--yes").out
    assert services.store.searches.get(search_id).artifacts_deleted_at is not None
    assert "deleted" in cli("delete", search_id, "--yes").out
    assert services.store.searches.page() == []
