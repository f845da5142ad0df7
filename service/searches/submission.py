"""Submissions under an idempotency key: the first one makes a search, the others get that one as their answer."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from service.domain.records import Idempotency, IdempotencyConflictError, Search
from service.searches.search_row import from_row
from service.storage.journal_tables import SubmissionRow
from service.storage.tables import SearchRow


def submitted(session: Session, owner: str, idempotency: Idempotency) -> Search | None:
    """The search that `owner` submitted under this key; None if there is none.

    Raises:
        IdempotencyConflictError: they asked for something else then.
    """
    row = session.get(SubmissionRow, (owner, idempotency.key))
    if row is None:
        return None
    if row.body_sha256 != idempotency.body_sha256:
        raise IdempotencyConflictError(
            f"Idempotency-Key {idempotency.key!r} was used before for something else: search {row.search_id} came of "
            "that; send the same request again, or use a new key"
        )
    search = session.get(SearchRow, row.search_id)
    return None if search is None else from_row(search)


def reserve(session: Session, row: SearchRow, idempotency: Idempotency) -> None:
    """Take the key for the search of `row`; who comes at the same moment waits here for the end of our transaction.

    Raises:
        IntegrityError: somebody was faster.
    """
    session.add(
        SubmissionRow(
            owner=row.owner,
            key=idempotency.key,
            body_sha256=idempotency.body_sha256,
            search_id=row.id,
            created_at=row.created_at,
        )
    )
    session.flush()


def forget(session: Session, row: SearchRow) -> None:
    """Free the key of a search that is deleted."""
    of_search = SubmissionRow.owner == row.owner, SubmissionRow.search_id == row.id
    session.execute(delete(SubmissionRow).where(*of_search))
