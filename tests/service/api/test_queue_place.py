"""When a queued search starts, from how long the running ones will still run."""

from datetime import UTC, datetime

import httpx
import pytest

from service.api.queue_place import QueuePlace, Slot, starts_in
from service.api.services import Services
from service.domain.records import Search, Status
from tests.service.asking import measured, running, submitted
from tests.service.conftest import Clock
from tests.service.statements import listened


@pytest.mark.parametrize(
    ("position", "slots", "expected"),
    [
        (0, [], None),
        (3, [], None),
        (0, [Slot(7, 10)], 7),
        (1, [Slot(7, 10)], 17),
        (2, [Slot(7, 10)], 27),
        (0, [Slot(7, 10), Slot(2, 30)], 2),
        (1, [Slot(7, 10), Slot(2, 30)], 7),
        (2, [Slot(7, 10), Slot(2, 30)], 22),
        (3, [Slot(7, 10), Slot(2, 30)], 27),
    ],
)
def test_slots_come_free_one_after_the_other(position: int, slots: list[Slot], expected: float | None) -> None:
    assert starts_in(position, slots) == expected


def test_of_a_search(api: httpx.Client, services: Services, clock: Clock) -> None:
    clock.now = datetime(2026, 1, 1, tzinfo=UTC)
    lease = running(api, services.store, workers=1)
    clock.advance(1)
    first = f"/v1/searches/{submitted(api)}"
    clock.advance(1)
    second = f"/v1/searches/{submitted(api)}"
    found = api.get(second).json()
    assert (found["queue_position"], found["starts_in_seconds"]) == (1, None)
    measured(services.store, lease, [{"accuracy": 0.5, "macs": 1.0}] * 2)
    clock.advance(8)
    left = api.get(f"/v1/searches/{lease.search_id}").json()["eta_seconds"]
    assert left > 0
    found = api.get(first).json()
    assert (found["queue_position"], found["starts_in_seconds"]) == (0, pytest.approx(left))
    found = api.get(second).json()
    assert (found["queue_position"], found["starts_in_seconds"]) == (1, pytest.approx(left + left + 10))
    view = api.get(f"/v1/searches/{lease.search_id}").json()
    assert (view["queue_position"], view["starts_in_seconds"]) == (None, None)


def test_who_was_claimed_since_has_no_place(api: httpx.Client, services: Services) -> None:
    search = services.store.searches.get(submitted(api))
    assert services.slots.place(search, services.store) == QueuePlace(0, None)
    assert services.store.leases.claim() is not None
    assert services.slots.place(search, services.store) == QueuePlace()


def test_what_those_who_wait_have_in_common_is_read_once(api: httpx.Client, services: Services, clock: Clock) -> None:
    running(api, services.store, workers=1)
    waiting = list[Search]()
    for _ in range(3):
        waiting.append(services.store.searches.get(submitted(api)))
        clock.advance(1)

    def places() -> list[int | None]:
        return [services.slots.place(search, services.store).position for search in waiting]

    with listened(services.store.engine) as sent:
        assert places() == [0, 1, 2]
    assert len([each for each in sent if "GROUP BY" in each.statement]) == 2, "who waits, and who runs"
    assert services.store.searches.request_cancel(waiting[0].id).status is Status.CANCELLED
    assert places()[1:] == [0, 1], "something has happened, at the same time by the clock"
