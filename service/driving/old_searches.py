"""What a sweep looks for: artifacts that are too old, keys that nobody repeats any more, deletions made elsewhere."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.domain.action import Action
from service.domain.search_id import earliest_id
from service.storage.journal_tables import DeliveryRow, JournalRow, SubmissionRow
from service.storage.tables import SearchRow


def exported_before(session: Session, time: datetime, *, limit: int) -> Sequence[str]:
    """Ids of searches that ended before `time` and whose artifacts nobody deleted, oldest first."""
    older = SearchRow.id < earliest_id(time), SearchRow.finished_at < time  # the first is a range of the key
    kept = select(SearchRow.id).where(*older, SearchRow.artifacts_deleted_at.is_(None))
    return session.scalars(kept.order_by(SearchRow.id).limit(limit)).all()


def forget_keys(session: Session, *, before: datetime) -> None:
    """From now on these idempotency keys are new again."""
    session.execute(delete(SubmissionRow).where(SubmissionRow.created_at < before))


def forget_deliveries(session: Session, *, before: datetime) -> None:
    """Of what is told to webhooks, forget what is over: delivered, or given up; the journal keeps what it was about."""
    entry = select(JournalRow.id).where(JournalRow.id == DeliveryRow.journal_id, JournalRow.at < before)
    session.execute(delete(DeliveryRow).where(DeliveryRow.next_at.is_(None), entry.exists()))


def artifacts_deleted(session: Session, search_id: str) -> bool:
    """Whether somebody did, on whatever machine; the journal knows it even where the search is gone."""
    entry = JournalRow.search_id == search_id, JournalRow.action == Action.ARTIFACTS_DELETED
    return session.scalars(select(JournalRow.id).where(*entry).limit(1)).first() is not None


def ended(session: Session, search_id: str) -> bool:
    """Whether the search is there and has ended."""
    row = session.get(SearchRow, search_id)
    return row is not None and row.finished_at is not None
