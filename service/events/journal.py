"""`Journal`: what happened, in order, and who did it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.domain.action import Action
from service.storage.database import reading
from service.storage.journal_tables import DeliveryRow, JournalRow, WebhookRow

SERVICE = "twinsieve"
"""The actor of what dispatchers and drivers do by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened."""

    id: int
    at: datetime
    actor: str
    action: Action
    search_id: str | None
    owner: str | None
    detail: Mapping[str, Any]


def enter(
    session: Session,
    action: Action,
    *,
    at: datetime,
    actor: str,
    search_id: str | None = None,
    owner: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry in the transaction of what it tells of: neither stands without the other.

    What concerns a search is entered while its row is locked, so that ids grow in the order of commits; the webhooks of
    its owner that want to know are told later, but of nothing that was not committed.
    """
    row = JournalRow(at=at, actor=actor, action=action, search_id=search_id, owner=owner, detail=dict(detail or {}))
    session.add(row)
    if action.of_searches and owner is not None:
        _queue_deliveries(session, row, owner)


def _queue_deliveries(session: Session, row: JournalRow, owner: str) -> None:
    hooks = select(WebhookRow.id, WebhookRow.actions).where(WebhookRow.owner == owner)
    # locked against deletion: a delivery to nowhere would undo the change that it tells of
    hooks = hooks.with_for_update(read=True, key_share=True)
    wanted = [hook_id for hook_id, actions in session.execute(hooks) if row.action in actions]
    if not wanted:
        return
    session.flush()
    session.add_all(
        DeliveryRow(webhook_id=hook_id, journal_id=row.id, attempts=0, next_at=row.at) for hook_id in wanted
    )


class Journal:
    """Read by admins whole, by everybody per search."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_search(self, search_id: str, *, after: int = 0, limit: int = 200) -> Sequence[Entry]:
        """The next entries of one search behind id `after`, oldest first."""
        query = select(JournalRow).where(JournalRow.search_id == search_id, JournalRow.id > after)
        with reading(self._engine) as session:
            return [from_row(row) for row in session.scalars(query.order_by(JournalRow.id).limit(limit))]

    def page(self, *, before: int | None = None, limit: int = 50, owner: str | None = None) -> Sequence[Entry]:
        """Newest first: the `limit` entries, of what one owner has or of everything, that are older than `before`."""
        query = select(JournalRow).order_by(JournalRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(JournalRow.id < before)
        if owner is not None:
            query = query.where(JournalRow.owner == owner)
        with reading(self._engine) as session:
            return [from_row(row) for row in session.scalars(query)]


def from_row(row: JournalRow) -> Entry:
    """The frozen value of a row."""
    return Entry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        action=Action(row.action),
        search_id=row.search_id,
        owner=row.owner,
        detail=row.detail,
    )
