"""`existing`, `finished` and `from_row`: the row of a search, and the frozen value that leaves the store."""

from sqlalchemy.orm import Session

from service.domain.records import Search, SearchNotFoundError, SearchUnfinishedError, Status
from service.domain.search_id import is_id
from service.storage.tables import SearchRow


def existing(session: Session, search_id: str, *, lock: bool = False) -> SearchRow:
    """The row of one search, locked until the session ends if `lock`.

    Raises:
        SearchNotFoundError: there is none of that id.
    """
    # the form is checked first: PostgreSQL refuses some characters with an error instead of an empty answer
    row = session.get(SearchRow, search_id, with_for_update=lock or None) if is_id(search_id) else None
    if row is None:
        raise SearchNotFoundError(f"there is no search '{search_id}'")
    return row


def finished(session: Session, search_id: str) -> SearchRow:
    """The row of a search that has ended, locked.

    Raises:
        SearchNotFoundError: there is none of that id.
        SearchUnfinishedError: it has not ended.
    """
    row = existing(session, search_id, lock=True)
    if not Status(row.status).finished:
        raise SearchUnfinishedError(f"search {search_id} has status {row.status}; wait for its end, or cancel it first")
    return row


def from_row(row: SearchRow) -> Search:
    """The frozen value of a row."""
    return Search(
        id=row.id,
        name=row.name,
        status=Status(row.status),
        spec=row.spec,
        version=row.version,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        attempts=row.attempts,
        cancel_requested=row.cancel_requested,
        pause_requested=row.pause_requested,
        slots=row.slots,
        owner=row.owner,
        priority=row.priority,
        labels=row.labels,
        notes=row.notes,
        extends=row.extends,
        front=row.front,
        artifacts_deleted_at=row.artifacts_deleted_at,
        error=row.error,
        result=row.result,
    )
