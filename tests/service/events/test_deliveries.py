"""Deliveries among several dispatchers: each is sent, by one at a time, on SQLite and on PostgreSQL."""

import threading
from collections.abc import Iterator

import pytest

from service.events.deliveries import CLAIM, PER_WEBHOOK, Deliveries
from service.events.webhook_delivery import WebhookDelivery
from service.searches.store import Store
from tests.service.conftest import Clock
from tests.service.receiving import Receiver, delivery, ended_search, receiving, the_one, told_of


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_several_never_send_one_twice(store: Store, clock: Clock, receiver: Receiver) -> None:
    for _ in range(3):
        told_of(store, receiver.url)
    for _ in range(12):
        ended_search(store)
    dispatchers = [delivery(store, clock) for _ in range(4)]
    threads = [threading.Thread(target=drain, args=(each,)) for each in dispatchers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drain(dispatchers[0])
    errors = [each.error for hook in store.webhooks.page() for each in store.webhooks.deliveries(hook.id)]
    assert errors == [None] * 36
    assert len(receiver.ids) == len(set(receiver.ids)) == 36


def test_what_a_dead_one_was_sending_is_sent_again(store: Store, clock: Clock, receiver: Receiver) -> None:
    webhook, _ = told_of(store, receiver.url), ended_search(store)
    (dead,) = Deliveries(store.engine, clock).claim()
    assert not delivery(store, clock).step()
    clock.now += CLAIM
    assert delivery(store, clock).step()
    Deliveries(store.engine, clock).failed(dead, "it wakes up and writes what it thinks")
    found = the_one(store, webhook)
    assert (found.attempts, found.error) == (2, None)
    assert found.delivered_at is not None


def test_a_late_success_counts(store: Store, clock: Clock) -> None:
    webhook, _ = told_of(store, "http://127.0.0.1:9/"), ended_search(store)
    deliveries = Deliveries(store.engine, clock)
    (slow,) = deliveries.claim()
    clock.now += CLAIM
    (second,) = deliveries.claim()
    deliveries.delivered(slow)
    deliveries.failed(second, "no answer")
    assert the_one(store, webhook).delivered_at == clock()


def test_one_webhook_does_not_take_all_places(store: Store, clock: Clock) -> None:
    busy = told_of(store, "http://127.0.0.1:9/")
    for _ in range(20):
        ended_search(store)
    clock.advance(1)
    other = told_of(store, "http://127.0.0.1:9/")
    ended_search(store)
    claimed = [each.webhook_id for each in Deliveries(store.engine, clock).claim(16)]
    assert claimed.count(busy) == PER_WEBHOOK
    assert claimed.count(other) == 1


def drain(each: WebhookDelivery) -> None:
    while each.step():
        """There was more."""
