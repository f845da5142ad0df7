"""`twinsieve events`, `journal` and `webhooks`, against a real server, and a client that loses it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from search.contracts import Candidate, Failure, Outcome
from search.spec import SearchSpec
from service.api.services import Services
from service.cli.client import Client
from service.cli.errors import UserError
from service.cli.event_stream import TRIES, Followed, parsed
from service.events.deliveries import Deliveries
from service.people.person import Caller, Role
from service.searches.records import Status
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


class Flaky(Client):
    """Answers with one list of chunks after another; an error ends a list."""

    def __init__(self, *answers: Sequence[bytes | UserError]) -> None:
        super().__init__("http://127.0.0.1")
        self._answers = iter(answers)
        self.asked = list[str]()

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes]]:
        self.asked.append(path)
        yield self._chunks(next(self._answers))

    def _chunks(self, answer: Sequence[bytes | UserError]) -> Iterator[bytes]:
        for chunk in answer:
            if isinstance(chunk, UserError):
                raise chunk
            yield chunk


LOST = UserError("cannot reach it")


class TestFollowed:
    def test_it_goes_on_behind_what_it_has(self) -> None:
        client = Flaky(
            [b"retry: 1\nid: 0.0\n\n", b"event: state\nid: 1.0\ndata: 1\n\nevent: state\nid: 2.0\nda", LOST],
            [LOST],
            [b": still here\n\n", b"id: 1.0\n\nevent: state\nid: 2.0\ndata: 2\n\n"],
            [],
        )
        waits = list[float]()
        found = [event.data for event in Followed(client, "/events", last=None, wait=waits.append)]
        assert found == [1, 2]
        assert client.asked == ["/events", *["/events?last_event_id=1.0"] * 2, "/events?last_event_id=2.0"]
        assert len(waits) == 3

    def test_it_does_not_try_for_ever(self) -> None:
        client = Flaky([b"id: 7\n\n"], *[[LOST]] * (TRIES + 1))
        with pytest.raises(UserError, match="cannot reach"):
            list(Followed(client, "/events", last=None, wait=lambda _: None))
        assert len(client.asked) == 1 + TRIES

    def test_what_fails_at_once_is_a_mistake(self) -> None:
        with pytest.raises(UserError):
            list(Followed(Flaky([LOST]), "/events", last="7", wait=lambda _: None))

    def test_chunks_may_be_cut_anywhere(self) -> None:
        whole = ': hi\n\nid: 3\n\nevent: candidate\nid: 4\ndata: {"a": "é"}\n\n'.encode()
        pieces = [whole[place : place + 1] for place in range(len(whole))]
        assert list(parsed(pieces)) == list(parsed([whole]))
        assert [event.data for event in parsed(pieces)] == [None, {"a": "é"}]
