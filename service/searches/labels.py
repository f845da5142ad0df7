"""`file_under`: searches as found by their labels."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from service.storage.tables import LabelRow, SearchRow


def file_under(session: Session, row: SearchRow) -> None:
    """File a search under the labels that it has now, and no others."""
    session.flush()
    session.execute(delete(LabelRow).where(LabelRow.search_id == row.id))
    session.add_all(LabelRow(label=label, search_id=row.id) for label in set(row.labels))
