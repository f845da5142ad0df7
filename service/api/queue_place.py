"""`queue_place`: how many searches start before a queued one, and about when it does."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.api.estimate import eta_seconds
from service.api.services import Services
from service.searches.records import Progress, Search, Status

MOST = 200  # running searches that are looked at


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """None for what is not queued; `starts_in_seconds` also as long as nobody can tell."""

    position: int | None = None
    starts_in_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A running search of which is known how long it will still run."""

    left_seconds: float
    whole_seconds: float  # from its start to its end


def queue_place(search: Search, services: Services) -> QueuePlace:
    """The place of a search by the order of the queue as it is now."""
    if search.status is not Status.QUEUED:
        return QueuePlace()
    store = services.store
    position = store.searches.queue_position(search.id)
    if position is None:  # claimed since it was read
        return QueuePlace()
    running = store.searches.page(status=Status.RUNNING, limit=MOST)
    progress = store.candidates.progress([each.id for each in running])
    found = [_slot(each, progress[each.id], now=store.clock()) for each in running]
    return QueuePlace(position, starts_in(position, [slot for slot in found if slot is not None]))


def starts_in(position: int, slots: Sequence[Slot]) -> float | None:
    """Seconds until the search that `position` others come before gets a slot; None if nobody knows of any.

    Those others are taken to last as long as the running ones do in the mean (our design).
    """
    if not slots:
        return None
    free_in = [slot.left_seconds for slot in slots]
    mean = sum(slot.whole_seconds for slot in slots) / len(slots)
    heapq.heapify(free_in)
    for _ in range(position):
        heapq.heapreplace(free_in, free_in[0] + mean)
    return free_in[0]


def _slot(search: Search, progress: Progress, *, now: datetime) -> Slot | None:
    left = eta_seconds(search.spec, progress, workers=search.slots or int(search.spec["workers"]))
    if left is None:
        return None
    began = search.started_at or now
    return Slot(left, left + max(0.0, (now - began).total_seconds()))
