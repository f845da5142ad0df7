"""`RunningSlots`: how many searches start before a queued one, and about when it does."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.api.estimate import eta_seconds
from service.domain.records import Progress, Search, Status
from service.searches.store import Store

MOST = 200  # running searches that are looked at
LASTS = timedelta(seconds=1)


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


class RunningSlots:
    """When slots come free, looked up at most once a second: those who wait ask more often than that."""

    def __init__(self) -> None:
        self._known: tuple[datetime, Sequence[Slot]] | None = None

    def place(self, search: Search, store: Store) -> QueuePlace:
        """The place of a search by the order of the queue as it is now."""
        if search.status is not Status.QUEUED:
            return QueuePlace()
        position = store.searches.queue_position(search.id)
        if position is None:  # claimed since it was read
            return QueuePlace()
        return QueuePlace(position, starts_in(position, self._of(store)))

    def _of(self, store: Store) -> Sequence[Slot]:
        now, known = store.clock(), self._known
        if known is None or abs(now - known[0]) >= LASTS:
            running = store.searches.page(status=Status.RUNNING, limit=MOST)
            progress = store.candidates.progress([each.id for each in running])
            found = [_slot(each, progress[each.id], now=now) for each in running]
            known = self._known = now, [slot for slot in found if slot is not None]
        return known[1]


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
