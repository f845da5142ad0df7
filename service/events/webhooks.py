"""`Webhooks`: who is told of what happens to an owner's searches, and what became of each delivery."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from service.domain.action import Action
from service.domain.search_id import is_id, new_id
from service.events.journal import enter
from service.storage.clock import Clock, utc_now
from service.storage.database import reading, writing
from service.storage.journal_tables import DeliveryRow, WebhookRow

MAX_PER_OWNER = 20


class WebhookNotFoundError(LookupError):
    """There is no such webhook."""


class WebhookLimitError(Exception):
    """An owner has as many webhooks as one may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that is told of some actions."""

    id: str
    owner: str
    url: str
    actions: Sequence[Action]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One entry of the journal on its way to one webhook."""

    journal_id: int
    attempts: int
    next_at: datetime | None  # None: delivered, or given up
    delivered_at: datetime | None
    error: str | None  # of the last attempt


class Webhooks:
    """Made and taken away by their owners; what they are sent is queued by `enter`, in service/events/journal.py."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def create(self, owner: str, url: str, actions: Collection[Action], *, actor: str) -> Webhook:
        """A webhook for `owner`, whose `url` was checked (see service/events/addresses.py).

        Raises:
            WebhookLimitError: there are enough.
        """
        now = self._clock()
        row = WebhookRow(id=new_id(now), owner=owner, url=url, actions=sorted(set(actions)), created_at=now)
        with writing(self._engine) as session:
            count = session.scalars(select(func.count()).where(WebhookRow.owner == owner)).one()
            if count >= MAX_PER_OWNER:
                raise WebhookLimitError(f"{owner} has {count} of {MAX_PER_OWNER} webhooks: delete one first")
            session.add(row)
            enter(session, Action.WEBHOOK_CREATED, at=now, actor=actor, owner=owner, detail={"webhook": row.id})
            session.flush()
            return _from_row(row)

    def get(self, webhook_id: str) -> Webhook:
        """One webhook.

        Raises:
            WebhookNotFoundError: there is none of that id.
        """
        with reading(self._engine) as session:
            return _from_row(_existing(session, webhook_id))

    def page(self, *, owner: str | None = None, after: str | None = None, limit: int = 50) -> Sequence[Webhook]:
        """The next webhooks behind the one of id `after`, oldest first: of everybody, or of `owner`."""
        query = select(WebhookRow).order_by(WebhookRow.id).limit(limit)
        if owner is not None:
            query = query.where(WebhookRow.owner == owner)
        if after is not None:
            query = query.where(WebhookRow.id > after)
        with reading(self._engine) as session:
            return [_from_row(row) for row in session.scalars(query)]

    def delete(self, webhook_id: str, *, actor: str) -> None:
        """Take a webhook away, and everything that was still to be sent there.

        Raises:
            WebhookNotFoundError: there is none of that id.
        """
        with writing(self._engine) as session:
            owner = _existing(session, webhook_id).owner
            session.execute(delete(WebhookRow).where(WebhookRow.id == webhook_id))
            detail = {"webhook": webhook_id}
            enter(session, Action.WEBHOOK_DELETED, at=self._clock(), actor=actor, owner=owner, detail=detail)

    def deliveries(self, webhook_id: str, *, before: int | None = None, limit: int = 50) -> Sequence[Delivery]:
        """Newest first: what was sent or is still to be, of entries older than the one of id `before`."""
        query = select(DeliveryRow).where(DeliveryRow.webhook_id == webhook_id)
        if before is not None:
            query = query.where(DeliveryRow.journal_id < before)
        query = query.order_by(DeliveryRow.journal_id.desc()).limit(limit)
        with reading(self._engine) as session:
            return [_delivery(row) for row in session.scalars(query)]


def _existing(session: Session, webhook_id: str) -> WebhookRow:
    row = session.get(WebhookRow, webhook_id) if is_id(webhook_id) else None
    if row is None:
        raise WebhookNotFoundError(f"there is no webhook '{webhook_id}'")
    return row


def _from_row(row: WebhookRow) -> Webhook:
    actions = [Action(action) for action in row.actions]
    return Webhook(id=row.id, owner=row.owner, url=row.url, actions=actions, created_at=row.created_at)


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        journal_id=row.journal_id,
        attempts=row.attempts,
        next_at=row.next_at,
        delivered_at=row.delivered_at,
        error=row.error,
    )
