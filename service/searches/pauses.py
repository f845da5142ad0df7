"""`paused_for`: how long a search was in breaks that its owner asked for."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.action import Action
from service.storage.journal_tables import JournalRow


def paused_for(session: Session, search_id: str) -> timedelta:
    """All breaks that are over, from the moment the driver stopped, or none ran, to the one of going on."""
    ends = JournalRow.action.in_((Action.PAUSED, Action.RESUMED))
    entries = select(JournalRow.action, JournalRow.at).where(JournalRow.search_id == search_id, ends)
    whole, since = timedelta(), None
    for action, at in session.execute(entries.order_by(JournalRow.id)):
        if action == Action.PAUSED:
            since = at
        elif since is not None:  # else the driver had not stopped yet
            whole, since = whole + max(timedelta(), at - since), None
    return whole
