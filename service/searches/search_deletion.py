"""`delete_search`: a search that has ended is forgotten, its candidates first and in portions."""

from datetime import datetime

from sqlalchemy import Engine, delete, select

from service.domain.action import Action
from service.events.journal import enter
from service.searches.search_row import finished
from service.searches.submission import forget
from service.storage.database import writing
from service.storage.tables import CandidateRow

PORTION = 5000
"""Candidates in one transaction; in SQLite other writers wait as long as it takes."""


def delete_search(engine: Engine, search_id: str, *, at: datetime, actor: str) -> None:
    """What is cut short is done by deleting again, and whoever deleted first is the one in the journal.

    Raises:
        SearchNotFoundError: there is none of that id.
        SearchUnfinishedError: it has not ended.
    """
    while _delete_portion(engine, search_id):
        pass
    with writing(engine) as session:
        row = finished(session, search_id)
        forget(session, row)
        session.delete(row)
        enter(session, Action.DELETED, at=at, actor=actor, search_id=row.id, owner=row.owner, detail={"name": row.name})


def _delete_portion(engine: Engine, search_id: str) -> bool:
    """Whether there may be more."""
    of_search = CandidateRow.search_id == search_id
    portion = select(CandidateRow.index).where(of_search).order_by(CandidateRow.index).limit(PORTION)
    with writing(engine) as session:
        finished(session, search_id)
        indices = session.scalars(portion).all()
        if indices:
            session.execute(delete(CandidateRow).where(of_search, CandidateRow.index <= indices[-1]))
    return bool(indices)
