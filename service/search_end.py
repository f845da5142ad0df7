"""`end_search`: a search is over, and so is every candidate that was asked and not told."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.records import Status
from service.tables import CandidateRow, SearchRow


def end_search(session: Session, row: SearchRow, status: Status, *, now: datetime, error: str | None = None) -> None:
    """Write the end into the row, which the session holds locked, and close the candidates in flight.

    They are told as failures, so that no row waits for an outcome that nobody will bring; a search that succeeded has
    none.
    """
    row.status, row.error, row.finished_at = status, error, now
    row.lease_token, row.lease_expires_at = None, None
    of_search = CandidateRow.search_id == row.id
    last = session.scalars(select(func.max(CandidateRow.told_order)).where(of_search)).one()
    in_flight = select(CandidateRow).where(of_search, CandidateRow.told_order.is_(None)).order_by(CandidateRow.index)
    for order, candidate in enumerate(session.scalars(in_flight).all(), start=0 if last is None else last + 1):
        candidate.told_order, candidate.told_at = order, now
        candidate.failure = f"not scored: the search {'was cancelled' if status is Status.CANCELLED else 'failed'}"
