"""Webhooks: made by their owners, told of what is theirs, over the API and in the database."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from search.spec import SearchSpec
from service.api.services import Services
from service.domain.action import ENDS, Action
from service.domain.person import Caller, Role
from service.events.deliveries import Deliveries
from service.events.journal import SERVICE, enter
from service.events.signature import PREFIX, installation_secret, secret_of
from service.events.webhooks import MAX_PER_OWNER, WebhookLimitError, WebhookNotFoundError
from service.searches.store import Store
from service.settings import Settings
from service.storage.clock import utc_now
from service.storage.database import writing
from tests.service.conftest import Clock
from tests.service.serving import services_on, serving

URL = "http://127.0.0.1:9/hook"
ANN = Caller("ann", Role.MEMBER, "k1")
ALL = [action for action in Action if action.of_searches]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "var", webhook_private=True, require_keys=True)


@pytest.fixture
def services(sqlite_store: Store, settings: Settings, tmp_path: Path) -> Services:
    return replace(services_on(sqlite_store, tmp_path), settings=settings)


@pytest.fixture
def address(services: Services) -> Iterator[str]:
    with serving(services) as address:
        yield address


def as_of(store: Store, address: str, owner: str, role: Role = Role.MEMBER) -> httpx.Client:
    headers = {"Authorization": f"Bearer {store.keys.create(owner, role).key}"}
    return httpx.Client(base_url=f"{address}/v1", headers=headers, trust_env=False)


def queued(store: Store, webhook_id: str) -> list[Action]:
    entries = {entry.id: entry.action for entry in store.journal.page(limit=200)}
    return [entries[each.journal_id] for each in reversed(store.webhooks.deliveries(webhook_id))]


class TestQueue:
    def test_what_happens_to_the_owners_searches(self, store: Store) -> None:
        webhook = store.webhooks.create("ann", URL, ALL, actor="ann")
        store.webhooks.create("bob", URL, ALL, actor="bob")
        search = store.searches.create(SearchSpec(), "1", caller=ANN)
        store.searches.request_cancel(search.id, ANN)
        assert queued(store, webhook.id) == ["submitted", "cancelled"]
        (bobs,) = store.webhooks.page(owner="bob")
        assert queued(store, bobs.id) == []

    def test_only_what_it_asked_for(self, store: Store) -> None:
        webhook = store.webhooks.create("ann", URL, ENDS, actor="ann")
        search = store.searches.create(SearchSpec(), "1", caller=ANN)
        assert queued(store, webhook.id) == []
        store.searches.request_cancel(search.id, ANN)
        assert queued(store, webhook.id) == ["cancelled"]

    def test_nothing_of_people_and_keys(self, store: Store) -> None:
        webhook = store.webhooks.create("ann", URL, list(Action), actor="ann")
        store.keys.create("ann", Role.MEMBER)
        assert queued(store, webhook.id) == []

    def test_nothing_of_what_was_undone(self, store: Store) -> None:
        webhook = store.webhooks.create("ann", URL, ALL, actor="ann")
        with writing(store.engine) as session:
            enter(session, Action.CANCELLED, at=utc_now(), actor=SERVICE, search_id="x", owner="ann")
            session.flush()
            session.rollback()
        assert queued(store, webhook.id) == []

    def test_a_webhook_that_goes_takes_what_it_was_to_be_told_along(self, store: Store, clock: Clock) -> None:
        webhook = store.webhooks.create("ann", URL, ALL, actor="ann")
        store.searches.create(SearchSpec(), "1", caller=ANN)
        store.webhooks.delete(webhook.id, actor="ann")
        assert list(store.webhooks.deliveries(webhook.id)) == []
        assert list(Deliveries(store.engine, clock).claim()) == []
        with pytest.raises(WebhookNotFoundError):
            store.webhooks.delete(webhook.id, actor="ann")

    def test_a_webhook_that_goes_meanwhile_undoes_no_change_of_a_search(self, store: Store) -> None:
        failures = list[Exception]()

        def submit() -> None:
            try:
                for _ in range(8):
                    store.searches.create(SearchSpec(), "1", caller=ANN)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=submit) for _ in range(3)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            store.webhooks.delete(store.webhooks.create("ann", URL, ALL, actor="ann").id, actor="ann")
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(store.searches.page(owner="ann", limit=100)) == 24

    def test_an_owner_has_enough(self, store: Store) -> None:
        for _ in range(MAX_PER_OWNER):
            store.webhooks.create("ann", URL, ENDS, actor="ann")
        with pytest.raises(WebhookLimitError, match=f"{MAX_PER_OWNER} of {MAX_PER_OWNER}"):
            store.webhooks.create("ann", URL, ENDS, actor="ann")
        store.webhooks.create("bob", URL, ENDS, actor="bob")


class TestRoutes:
    def test_the_secret_is_shown_once(self, address: str, sqlite_store: Store, settings: Settings) -> None:
        with as_of(sqlite_store, address, "ann") as ann:
            answer = ann.post("/webhooks", json={"url": URL})
            assert answer.status_code == 201, answer.text
            made = answer.json()
            webhook = made["webhook"]
            assert answer.headers["Cache-Control"] == "no-store"
            assert made["secret"] == secret_of(webhook["id"], installation_secret(settings) or "")
            assert (webhook["owner"], webhook["url"], webhook["actions"]) == ("ann", URL, sorted(ENDS))
            listed = ann.get("/webhooks")
            assert listed.json() == {"items": [webhook], "next": None}
            assert PREFIX not in listed.text
        found = sqlite_store.journal.page(limit=1)[0]
        assert (found.action, found.owner, found.detail) == ("webhook-created", "ann", {"webhook": webhook["id"]})

    def test_everybody_has_their_own(self, address: str, sqlite_store: Store) -> None:
        with (
            as_of(sqlite_store, address, "ann") as ann,
            as_of(sqlite_store, address, "bob") as bob,
            as_of(sqlite_store, address, "eve", Role.VIEWER) as eve,
            as_of(sqlite_store, address, "root", Role.ADMIN) as root,
        ):
            webhook = ann.post("/webhooks", json={"url": URL}).json()["webhook"]["id"]
            assert bob.get("/webhooks").json()["items"] == []
            assert [each["id"] for each in root.get("/webhooks").json()["items"]] == [webhook]
            for path in (f"/webhooks/{webhook}", f"/webhooks/{webhook}/deliveries"):
                method = "GET" if path.endswith("deliveries") else "DELETE"
                assert bob.request(method, path).status_code == 403
                assert eve.request(method, path).status_code == 403
            assert eve.post("/webhooks", json={"url": URL}).status_code == 403
            assert root.delete(f"/webhooks/{webhook}").status_code == 204
            assert ann.delete(f"/webhooks/{webhook}").status_code == 404

    def test_deliveries_are_seen(self, address: str, sqlite_store: Store, clock: Clock) -> None:
        with as_of(sqlite_store, address, "ann") as ann:
            webhook = ann.post("/webhooks", json={"url": URL, "actions": ["submitted"]}).json()["webhook"]["id"]
            for _ in range(3):
                sqlite_store.searches.create(SearchSpec(), "1", caller=ANN)
            due = Deliveries(sqlite_store.engine, clock)
            for each in due.claim(1):
                due.failed(each, "answered 500")
            page = ann.get(f"/webhooks/{webhook}/deliveries", params={"limit": 2}).json()
            rest = ann.get(f"/webhooks/{webhook}/deliveries", params={"limit": 2, "after": page["next"]}).json()
        items = [*page["items"], *rest["items"]]
        assert [each["attempts"] for each in items] == [0, 0, 1]
        assert items[-1]["error"] == "answered 500"
        assert rest["next"] is None

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ({"url": "ftp://example.org/"}, "such as https://example.org/hook"),
            ({"url": "http://user:x@127.0.0.1/"}, "neither a user name"),
            ({"url": URL, "actions": []}, "actions"),
            ({"url": URL, "actions": ["key-created"]}, "what happens to searches"),
            ({"url": URL, "actions": ["nonsense"]}, "actions"),
            ({"url": URL, "owner": "bob"}, "owner"),
            ({}, "url"),
        ],
    )
    def test_what_cannot_be(self, address: str, sqlite_store: Store, body: dict[str, object], said: str) -> None:
        with as_of(sqlite_store, address, "ann") as ann:
            answer = ann.post("/webhooks", json=body)
        assert answer.status_code == 422
        assert said in answer.text

    @pytest.mark.parametrize("webhook_id", ["0" * 26, "nonsense", "%00"])
    def test_an_unknown_one(self, address: str, sqlite_store: Store, webhook_id: str) -> None:
        with as_of(sqlite_store, address, "ann") as ann:
            assert ann.delete(f"/webhooks/{webhook_id}").status_code == 404
            assert ann.get(f"/webhooks/{webhook_id}/deliveries").status_code == 404

    @pytest.mark.parametrize("settings", [Settings(require_keys=True, webhook_secret="s" * 32)])
    def test_a_place_inside_is_refused_unless_allowed(
        self, address: str, sqlite_store: Store, settings: Settings
    ) -> None:
        with as_of(sqlite_store, address, "ann") as ann:
            for url in (URL, "http://localhost/", "http://[::1]:5432/", "http://169.254.169.254/latest/meta-data/"):
                answer = ann.post("/webhooks", json={"url": url})
                assert answer.status_code == 422
                assert "expected a public address" in answer.json()["detail"]

    @pytest.mark.parametrize("settings", [Settings(require_keys=True, database_url="postgresql://host/name")])
    def test_without_a_secret_of_the_installation(self, address: str, sqlite_store: Store, settings: Settings) -> None:
        with as_of(sqlite_store, address, "ann") as ann:
            answer = ann.post("/webhooks", json={"url": URL})
        assert answer.status_code == 503
        assert "TWINSIEVE_WEBHOOK_SECRET_FILE" in answer.json()["detail"]


class TestJournalRoutes:
    def test_admins_see_everything_page_by_page(self, address: str, sqlite_store: Store) -> None:
        for owner in ("ann", "bob", "ann"):
            sqlite_store.searches.create(SearchSpec(), "1", caller=Caller(owner, Role.MEMBER, None))
        with as_of(sqlite_store, address, "root", Role.ADMIN) as root:
            pages, after = list[dict[str, Any]](), None
            while after is not None or not pages:
                pages.append(
                    root.get("/journal", params={"limit": 3} | ({} if after is None else {"after": after})).json()
                )
                after = pages[-1]["next"]
            anns = root.get("/journal", params={"owner": "ann"}).json()["items"]
        ids = [each["id"] for page in pages for each in page["items"]]
        assert ids == sorted(ids, reverse=True)
        assert len(ids) == 4  # three searches and a key
        assert [each["owner"] for each in anns] == ["ann", "ann"]

    def test_others_see_single_searches(self, address: str, sqlite_store: Store) -> None:
        search = sqlite_store.searches.create(SearchSpec(), "1", caller=ANN)
        sqlite_store.searches.request_cancel(search.id, ANN)
        with as_of(sqlite_store, address, "eve", Role.VIEWER) as eve:
            assert eve.get("/journal").status_code == 403
            first = eve.get(f"/searches/{search.id}/journal", params={"limit": 1}).json()
            rest = eve.get(f"/searches/{search.id}/journal", params={"after": first["next"]}).json()
            assert eve.get(f"/searches/{'0' * 26}/journal").status_code == 404
            assert eve.get("/searches/%00/journal").status_code == 404
        assert [each["action"] for each in (*first["items"], *rest["items"])] == ["submitted", "cancelled"]
        assert rest["items"][0]["actor"] == "ann/k1"
