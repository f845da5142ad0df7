"""`Census`: the numbers of a whole installation, for whoever draws them as graphs; read through indices alone."""

import threading
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.domain.records import Status
from service.observing.tally import Tally, Totals, stages_of
from service.storage.clock import Clock, utc_now
from service.storage.database import reading
from service.storage.journal_tables import DeliveryRow
from service.storage.tables import SearchRow

FRESH_SECONDS = 5.0  # as long as one look serves every reader
EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What there is at this moment."""

    searches: Mapping[Status, int]
    oldest_queued_seconds: float  # how long it has waited; 0 where none waits
    slots: int  # workers that the running searches want
    busy_slots: int  # of those: with a candidate at least, by what was asked and not told
    deliveries: int  # of webhooks, still on their way


class Census:
    """Looks at the database at most every few seconds, whoever asks how often; any thread may ask."""

    def __init__(
        self, engine: Engine, clock: Clock = utc_now, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._seconds = seconds
        self._lock = threading.Lock()
        self._looked = 0.0
        self._now: Now | None = None
        self._tally = Tally(engine)

    @property
    def totals(self) -> Totals:
        """What happened by the last look, as a copy."""
        with self._lock:
            return deepcopy(self._tally.totals)

    def look(self) -> Now:
        """What there is, by a look at most FRESH_SECONDS ago.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        with self._lock:
            if self._now is None or self._seconds() - self._looked >= FRESH_SECONDS:
                with reading(self._engine) as session:
                    self._now = self._read(session)
                self._tally.look()
                self._looked = self._seconds()
            return self._now

    def _read(self, session: Session) -> Now:
        by_status = select(SearchRow.status, func.count()).group_by(SearchRow.status)
        counts = {Status(status): count for status, count in session.execute(by_status)}
        queued = select(SearchRow.created_at).where(SearchRow.status == Status.QUEUED)
        oldest = session.scalar(queued.order_by(SearchRow.id).limit(1))
        on_their_way = select(func.count()).where(DeliveryRow.next_at > EVER)
        slots, busy = _slots(session)
        return Now(
            searches={status: counts.get(status, 0) for status in Status},
            oldest_queued_seconds=0.0 if oldest is None else max(0.0, (self._clock() - oldest).total_seconds()),
            slots=slots,
            busy_slots=busy,
            deliveries=session.scalars(on_their_way).one(),
        )


def _slots(session: Session) -> tuple[int, int]:
    """How many workers the running searches want, and how many of them have something to do at least."""
    wanted = func.coalesce(SearchRow.slots, SearchRow.spec["workers"].as_integer())
    running = select(SearchRow.id, wanted).where(SearchRow.status == Status.RUNNING)
    slots = dict(row for row in session.execute(running))
    in_flight = {
        search_id: sum(stage.asked - stage.told for stage in stages.values())
        for search_id, stages in stages_of(session, slots).items()
    }
    return sum(slots.values()), sum(min(workers, in_flight[search_id]) for search_id, workers in slots.items())
