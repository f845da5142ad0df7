"""`end_search`: a search is over, and so is every candidate that was asked and not told."""

from collections import Counter
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.domain.action import Action
from service.domain.records import Status
from service.events.journal import SERVICE, enter
from service.storage.tables import CandidateRow, SearchRow, StageCountRow


def end_search(
    session: Session,
    row: SearchRow,
    status: Status,
    *,
    now: datetime,
    error: str | None = None,
    actor: str = SERVICE,
) -> None:
    """Write the end into the row, which the session holds locked, and into the journal; close what is in flight.

    Candidates in flight are told as failures, so that no row waits for an outcome that nobody will bring; a search that
    succeeded has none.
    """
    row.status, row.error, row.finished_at = status, error, now
    row.lease_token, row.lease_expires_at, row.pause_requested = None, None, False
    how = "was cancelled" if status is Status.CANCELLED else "failed"
    _close_in_flight(session, row, now, f"not scored: the search {how}")
    detail = {} if error is None else {"error": error}
    enter(session, Action(status), at=now, actor=actor, search_id=row.id, owner=row.owner, detail=detail)


def _close_in_flight(session: Session, row: SearchRow, now: datetime, failure: str) -> None:
    of_search = CandidateRow.search_id == row.id
    last = session.scalars(select(func.max(CandidateRow.told_order)).where(of_search)).one()
    in_flight = select(CandidateRow).where(of_search, CandidateRow.told_order.is_(None)).order_by(CandidateRow.index)
    closed = Counter[str]()
    for order, candidate in enumerate(session.scalars(in_flight).all(), start=0 if last is None else last + 1):
        candidate.told_order, candidate.told_at, candidate.failure = order, now, failure
        closed[candidate.fidelity] += 1
    for fidelity, count in closed.items():
        stage = StageCountRow.search_id == row.id, StageCountRow.fidelity == fidelity
        told = {"told": StageCountRow.told + count, "failed": StageCountRow.failed + count}
        session.execute(update(StageCountRow).where(*stage).values(told))
