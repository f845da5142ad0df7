"""How many candidates a search has: kept in the transactions of their rows, so that nobody counts these."""

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from search.contracts import Fidelity
from service.domain.records import FidelityProgress
from service.storage.tables import CandidateRow, StageCountRow

NUMBERS = ("asked", "told", "failed", "reused", "seconds", "busy_seconds")


def count(session: Session, search_id: str, fidelity: Fidelity, more: FidelityProgress) -> None:
    """Add `more` to the counts of a search, whose row the session holds locked."""
    numbers = {name: getattr(more, name) for name in NUMBERS}
    raised = {name: getattr(StageCountRow, name) + number for name, number in numbers.items() if number}
    of_stage = (StageCountRow.search_id == search_id, StageCountRow.fidelity == fidelity)
    changed = session.connection().execute(update(StageCountRow).where(*of_stage).values(raised))
    if not changed.rowcount:
        first = insert(StageCountRow).values(search_id=search_id, fidelity=fidelity, **numbers)
        session.connection().execute(first)


def count_anew(session: Session, search_id: str) -> None:
    """Count the candidates themselves of a search, whose row the session holds locked."""
    row, connection = CandidateRow, session.connection()
    counted = (
        func.count(),
        func.count(row.told_order),
        func.count(row.failure),
        func.count(row.reused_from),
        func.coalesce(func.sum(row.seconds), 0.0),
        func.coalesce(func.sum(case((row.reused_from.is_(None), func.coalesce(row.busy_seconds, row.seconds)))), 0.0),
    )
    found = select(row.search_id, row.fidelity, *counted).where(row.search_id == search_id)
    connection.execute(delete(StageCountRow).where(StageCountRow.search_id == search_id))
    columns = ["search_id", "fidelity", *NUMBERS]
    connection.execute(insert(StageCountRow).from_select(columns, found.group_by(row.search_id, row.fidelity)))
