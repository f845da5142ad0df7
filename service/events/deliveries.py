"""`Deliveries`: what is still to be sent to webhooks, handed out to one dispatcher at a time.

A claim puts off when a delivery is due by more time than an attempt can take. So no two dispatchers send the same one
at the same time, and what a dispatcher that died was sending is sent again by another: each is delivered at least
once, and a receiver knows a second one by its id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, select, tuple_, update
from sqlalchemy.orm import Session

from service.events.journal import Entry, from_row
from service.storage.clock import Clock, utc_now
from service.storage.database import reading, writing
from service.storage.journal_tables import DeliveryRow, JournalRow, WebhookRow

MAX_ATTEMPTS = 8
FIRST_RETRY = timedelta(seconds=10)
GROWTH = 4  # of the wait between two attempts; the last comes 15 hours after the first
CLAIM = timedelta(seconds=60)  # longer than an attempt, see service/events/webhook_delivery.py
PER_WEBHOOK = 4  # of one claim, so that one that does not answer does not hold up all others
MAX_ERROR = 500  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDelivery:
    """What to send where; `attempt` counts from 1."""

    webhook_id: str
    url: str
    entry: Entry
    attempt: int


class Deliveries:
    """Claims, and what became of them."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def claim(self, limit: int = 16) -> Sequence[DueDelivery]:
        """Up to `limit` deliveries that are due, for the caller to send before the claim ends."""
        now = self._clock()
        with reading(self._engine) as session:  # which locks nobody out of SQLite
            if session.scalars(select(DeliveryRow.next_at).where(DeliveryRow.next_at <= now).limit(1)).first() is None:
                return []
        with writing(self._engine) as session:
            claimed = []
            for row, url, entry in _due(session, now, limit):
                row.attempts += 1
                row.next_at = now + CLAIM
                claimed.append(
                    DueDelivery(webhook_id=row.webhook_id, url=url, entry=from_row(entry), attempt=row.attempts)
                )
            return claimed

    def delivered(self, due: DueDelivery) -> None:
        """It arrived; that stands, whoever else may try it again by now."""
        self._write(due, DeliveryRow.delivered_at.is_(None), delivered_at=self._clock(), next_at=None, error=None)

    def failed(self, due: DueDelivery, error: str) -> None:
        """It did not: try again later, or give it up after MAX_ATTEMPTS."""
        given_up = due.attempt >= MAX_ATTEMPTS
        next_at = None if given_up else self._clock() + FIRST_RETRY * GROWTH ** (due.attempt - 1)
        mine = DeliveryRow.attempts == due.attempt
        self._write(due, mine, DeliveryRow.delivered_at.is_(None), next_at=next_at, error=error[:MAX_ERROR])

    def _write(self, due: DueDelivery, *where: ColumnElement[bool], **values: object) -> None:
        of = (DeliveryRow.webhook_id == due.webhook_id, DeliveryRow.journal_id == due.entry.id)
        with writing(self._engine) as session:
            session.execute(update(DeliveryRow).where(*of, *where).values(**values))


def _due(session: Session, now: datetime, limit: int) -> Sequence[tuple[DeliveryRow, str, JournalRow]]:
    """The deliveries due longest, of each webhook a few, locked; those that another dispatcher has locked are left."""
    key: Any = (DeliveryRow.webhook_id, DeliveryRow.journal_id)
    place = func.row_number().over(partition_by=DeliveryRow.webhook_id, order_by=(DeliveryRow.next_at, key[1]))
    ranked = select(*key, DeliveryRow.next_at, place.label("place")).where(DeliveryRow.next_at <= now).subquery()
    first = select(ranked.c.webhook_id, ranked.c.journal_id).where(ranked.c.place <= PER_WEBHOOK)
    query = (
        select(DeliveryRow, WebhookRow.url, JournalRow)
        .join(WebhookRow, WebhookRow.id == DeliveryRow.webhook_id)
        .join(JournalRow, JournalRow.id == DeliveryRow.journal_id)
        .where(tuple_(*key).in_(first.order_by(ranked.c.next_at).limit(limit)), DeliveryRow.next_at <= now)
        .order_by(DeliveryRow.next_at, DeliveryRow.journal_id)
        .with_for_update(of=DeliveryRow, skip_locked=True)
    )
    return [(row, url, entry) for row, url, entry in session.execute(query)]
