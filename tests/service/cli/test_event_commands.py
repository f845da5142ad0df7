"""`twinsieve events`, `journal` and `webhooks`, against a real server."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from search.contracts import Candidate, Failure, Outcome
from search.spec import SearchSpec
from service.api.services import Services
from service.domain.person import Caller, Role
from service.domain.records import Status
from service.events.deliveries import Deliveries
from service.searches.store import Store
from service.settings import Settings
from tests.service.commands import Cli, assert_mistake
from tests.service.conftest import Clock
from tests.service.serving import services_on, serving
from tests.service.toys import claim_new

URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def server(sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    settings = Settings(state_dir=tmp_path / "var", poll_seconds=0.02, webhook_private=True)
    services: Services = replace(services_on(sqlite_store, tmp_path), settings=settings)
    with serving(services) as address:
        monkeypatch.setenv("TWINSIEVE_SERVER", address)
        yield address


def finished(store: Store) -> str:
    lease = claim_new(store)
    outcomes: tuple[Outcome, ...] = ({"accuracy": 0.75, "macs": 12e6}, Failure("diverged"))
    for index, outcome in enumerate(outcomes):
        store.candidates.record_ask(lease, Candidate(index, (index,)), index)
        store.candidates.record_tell(lease, index, outcome, 1.0)
    store.leases.finish(lease, Status.SUCCEEDED)
    return lease.search_id


class TestEvents:
    def test_a_search_line_by_line(self, cli: Cli, server: str, sqlite_store: Store) -> None:
        done = cli("events", finished(sqlite_store))
        said = [line[21:] for line in done.out.splitlines()]
        assert said == [
            "submitted  by local",
            "started  by twinsieve",
            "candidate 0  proxy  accuracy 0.75  macs 1.2e+07",
            "candidate 1  proxy  failed: diverged",
            "succeeded  by twinsieve",
        ]
        assert done.code == 0

    def test_from_an_event_on_as_json(self, cli: Cli, server: str, sqlite_store: Store) -> None:
        search_id = finished(sqlite_store)
        every = [json.loads(line) for line in cli("events", search_id, "--json").out.splitlines()]
        assert {each["event"] for each in every} == {"state", "candidate", "progress"}
        with_id = [each for each in every if each["id"] is not None]
        rest = cli("events", search_id, "--json", "--after", with_id[1]["id"]).out.splitlines()
        assert [each for each in map(json.loads, rest) if each["id"] is not None] == with_id[2:]
        assert cli("events", search_id, "--after", with_id[-1]["id"]).out == ""

    def test_mistakes(self, cli: Cli, server: str, sqlite_store: Store) -> None:
        assert_mistake(cli("events", "0" * 26), "there is no search")
        assert_mistake(cli("events", finished(sqlite_store), "--after", "no&such=id"), "such as 17.240", "no&such=id")
        assert_mistake(cli("events", "--server", "http://127.0.0.1:9"), "cannot reach")


def test_the_journal(cli: Cli, server: str, sqlite_store: Store) -> None:
    first, second = (
        sqlite_store.searches.create(SearchSpec(name=name), "1", caller=Caller(owner, Role.MEMBER, None)).id
        for name, owner in (("one", "[red]ann"), ("two", "local"))
    )
    sqlite_store.searches.request_cancel(first)
    whole = cli("journal").out
    assert [whole.index(text) for text in ("cancelled", second)] == sorted(
        whole.index(t) for t in ("cancelled", second)
    )
    assert "[red]ann" in whole
    assert second not in cli("journal", "--search", first).out
    assert cli("journal", "--limit", 1).out.count("submitted") == 0
    assert "submitted" not in cli("journal", "--owner", "nobody").out


def test_webhooks_from_making_to_taking_away(cli: Cli, server: str, sqlite_store: Store, clock: Clock) -> None:
    made = cli("webhooks", "create", URL, "--action", "submitted")
    assert made.out.startswith("whsec_")
    assert "cannot be shown again" in made.err
    (webhook,) = sqlite_store.webhooks.page()
    listed = cli("webhooks", "ls").out
    assert webhook.id in listed
    assert URL in listed
    assert "submitted" in listed
    assert made.out.strip() not in listed
    sqlite_store.searches.create(SearchSpec(), "1")
    assert "to be sent" in cli("webhooks", "log", webhook.id).out
    deliveries = Deliveries(sqlite_store.engine, clock)
    for due in deliveries.claim():
        deliveries.failed(due, "answered 500")
    assert "answered 500" in cli("webhooks", "log", webhook.id).out
    assert "nothing more" in cli("webhooks", "rm", webhook.id).out
    assert_mistake(cli("webhooks", "rm", webhook.id), "there is no webhook")
    assert_mistake(cli("webhooks", "create", "ftp://example.org"), "https://example.org/hook")
