"""Deliveries to a real server: signed, tried again, given up; and to servers that mean no good."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from service.domain.action import Action
from service.driving.chores import at_work
from service.events import webhook_delivery
from service.events.addresses import Addresses
from service.events.deliveries import MAX_ATTEMPTS, Deliveries
from service.events.signature import secret_of, verify
from service.events.webhook_delivery import WebhookDelivery
from service.searches.store import Store
from tests.service.conftest import Clock
from tests.service.receiving import SECRET, Receiver, delivery, ended_search, receiving, reply, the_one, told_of


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class TestDelivery:
    def test_it_arrives_signed(self, store: Store, clock: Clock, receiver: Receiver) -> None:
        webhook, search = told_of(store, receiver.url + "?a=b"), ended_search(store)
        assert delivery(store, clock).step()
        ((path, headers, body),) = receiver.requests
        verify(secret_of(webhook, SECRET), headers, body, now=clock().timestamp())
        entry = store.journal.of_search(search)[-1]
        assert path == "/hook?a=b"
        assert json.loads(body) == {
            "type": "search.cancelled",
            "timestamp": entry.at.isoformat(),
            "data": {
                "id": entry.id,
                "search_id": search,
                "owner": "ann",
                "actor": "ann",
                "action": Action.CANCELLED,
                "detail": dict(entry.detail),
            },
        }
        found = the_one(store, webhook)
        assert (found.attempts, found.next_at, found.delivered_at, found.error) == (1, None, clock(), None)
        assert not delivery(store, clock).step()

    def test_it_is_tried_again_later_each_time_under_the_same_id(
        self, store: Store, clock: Clock, receiver: Receiver
    ) -> None:
        webhook, _ = told_of(store, receiver.url), ended_search(store)
        receiver.answer = lambda handler: reply(handler, 500)
        waits = []
        for attempt in range(1, 4):
            assert delivery(store, clock).step()
            found = the_one(store, webhook)
            assert (found.attempts, found.error) == (attempt, "answered 500")
            assert found.next_at is not None
            assert not delivery(store, clock).step()
            waits.append((found.next_at - clock()).total_seconds())
            clock.now = found.next_at
        receiver.answer = lambda handler: reply(handler, 200)
        assert delivery(store, clock).step()
        assert waits == [10, 40, 160]
        assert len(set(receiver.ids)) == 1
        assert (the_one(store, webhook).delivered_at, the_one(store, webhook).error) == (clock(), None)

    def test_it_is_given_up(self, store: Store, clock: Clock, receiver: Receiver) -> None:
        webhook, _ = told_of(store, receiver.url), ended_search(store)
        receiver.answer = lambda handler: reply(handler, 404)
        for _ in range(MAX_ATTEMPTS):
            clock.now = the_one(store, webhook).next_at or clock.now
            assert delivery(store, clock).step()
        clock.advance(10**7)
        assert not delivery(store, clock).step()
        found = the_one(store, webhook)
        assert (found.attempts, found.next_at, found.delivered_at) == (MAX_ATTEMPTS, None, None)
        assert found.error == "answered 404"
        assert len(receiver.requests) == MAX_ATTEMPTS

    def test_a_thread_delivers(self, sqlite_store: Store, clock: Clock, receiver: Receiver) -> None:
        webhook = told_of(sqlite_store, receiver.url)
        with at_work({"webhooks": delivery(sqlite_store, clock).run}):
            ended_search(sqlite_store)
            deadline = time.monotonic() + 20
            while the_one(sqlite_store, webhook).delivered_at is None and time.monotonic() < deadline:
                time.sleep(0.02)
        assert the_one(sqlite_store, webhook).delivered_at is not None

    def test_one_that_fails_of_itself_holds_up_no_other(
        self, sqlite_store: Store, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken, whole = told_of(sqlite_store, receiver.url), told_of(sqlite_store, receiver.url)
        ended_search(sqlite_store)
        monkeypatch.setattr(webhook_delivery, "message_id", lambda due: {whole: "fine"}[due.webhook_id])
        delivery(sqlite_store, clock).step()
        assert receiver.ids == ["fine"]
        assert the_one(sqlite_store, whole).delivered_at is not None
        assert (the_one(sqlite_store, broken).error or "").startswith("KeyError")

    def test_nothing_unsigned_is_sent(self, sqlite_store: Store, clock: Clock, receiver: Receiver) -> None:
        webhook, _ = told_of(sqlite_store, receiver.url), ended_search(sqlite_store)
        deliveries = Deliveries(sqlite_store.engine, clock)
        WebhookDelivery(deliveries, secret=None, addresses=Addresses(private=True), clock=clock).step()
        assert receiver.requests == []
        assert "TWINSIEVE_WEBHOOK_SECRET_FILE" in (the_one(sqlite_store, webhook).error or "")


class TestHostileReceivers:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_redirects_are_not_followed(
        self, sqlite_store: Store, clock: Clock, receiver: Receiver, status: int
    ) -> None:
        webhook, _ = told_of(sqlite_store, receiver.url), ended_search(sqlite_store)
        receiver.answer = lambda handler: reply(handler, status, Location=receiver.url + "/inside")
        delivery(sqlite_store, clock).step()
        assert [path for path, *_ in receiver.requests] == ["/hook"]
        assert the_one(sqlite_store, webhook).error == f"answered {status}: redirects are not followed"

    def test_an_endless_answer_is_not_read(self, sqlite_store: Store, clock: Clock, receiver: Receiver) -> None:
        webhook, _ = told_of(sqlite_store, receiver.url), ended_search(sqlite_store)
        sent = []

        def pour(handler: BaseHTTPRequestHandler) -> None:
            reply(handler, 200)
            for _ in range(10_000):
                handler.wfile.write(b"x" * 65536)
                sent.append(1)

        receiver.answer = pour
        delivery(sqlite_store, clock).step()
        assert the_one(sqlite_store, webhook).delivered_at is not None
        assert len(sent) < 1000

    def test_a_slow_one_holds_up_no_other(self, sqlite_store: Store, clock: Clock, receiver: Receiver) -> None:
        slow, quick = told_of(sqlite_store, receiver.url + "/slow"), told_of(sqlite_store, receiver.url)
        ended_search(sqlite_store)

        def drip(handler: BaseHTTPRequestHandler) -> None:
            if handler.path == "/hook":
                reply(handler, 200)
                return
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 600:  # each within any timeout of a single read
                handler.wfile.write(bytes([byte]))
                time.sleep(0.05)

        receiver.answer = drip
        delivery(sqlite_store, clock, attempt_seconds=2).step()
        assert the_one(sqlite_store, quick).delivered_at is not None
        assert the_one(sqlite_store, slow).error == "no answer within 2 seconds"

    def test_one_that_is_not_there(self, sqlite_store: Store, clock: Clock) -> None:
        with receiving() as gone:
            webhook, _ = told_of(sqlite_store, gone.url), ended_search(sqlite_store)
        delivery(sqlite_store, clock).step()
        assert (the_one(sqlite_store, webhook).error or "").startswith("ConnectError")

    def test_one_that_speaks_no_http(self, sqlite_store: Store, clock: Clock, receiver: Receiver) -> None:
        webhook, _ = told_of(sqlite_store, receiver.url), ended_search(sqlite_store)

        def greet(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"220 mail.example ESMTP\r\n")

        receiver.answer = greet
        delivery(sqlite_store, clock).step()
        assert (the_one(sqlite_store, webhook).error or "").startswith("RemoteProtocolError")
