"""`JournalTail`: the whole journal from one place on, in the order of its ids, with nothing skipped.

PostgreSQL hands out an id before the transaction that uses it commits, so a later id may be seen first. Who then goes
on behind the later one has lost the earlier. Here a gap holds back what follows until every transaction that wrote to
the journal when the gap was seen has ended: then it was filled, or never will be. Those transactions are the ones that
hold the lock of a writer on the table (`pg_locks`), which they take before they draw an id, and keep until they have
ended; nobody waits for us. SQLite has one writer at a time, and no gaps. This is our design.
"""

from collections.abc import Sequence

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from service.events.journal import Entry, from_row
from service.storage.database import reading
from service.storage.journal_tables import JournalRow

Writers = frozenset[str]

WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' "
    "AND relation = 'journal'::regclass "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class JournalTail:
    """One reader's place in the journal; one thread at a time may ask for more."""

    def __init__(self, engine: Engine, after: int | None = None) -> None:
        """Behind the entry of id `after`; without one, behind the newest as soon as it is `opened`."""
        self._engine = engine
        self._opened = after is not None
        self._after = after or 0
        self._whole = self._after  # up to here no gap will be filled any more
        self._seen = self._after  # up to here, once all `_writers` have ended
        self._writers: Writers | None = None
        if after is None:
            with reading(engine) as session:
                self._after = newest(session)
                self._watch(session, self._after)

    @property
    def after(self) -> int:
        """The id behind which it goes on; as good a place to begin as any other."""
        return self._after

    def opened(self) -> bool:
        """Whether all that was under way when this reader began has ended, so that it misses nothing from here on."""
        if not self._opened:
            with reading(self._engine) as session:
                self._look_again(session)
            self._opened = self._writers is None
        return self._opened

    def next(self, limit: int = 200) -> Sequence[Entry]:
        """The next entries; none also while an earlier one may still come."""
        query = select(JournalRow).where(JournalRow.id > self._after).order_by(JournalRow.id).limit(limit)
        with reading(self._engine) as session:
            self._look_again(session)
            found = [from_row(row) for row in session.scalars(query)]
            settled = self._settled(found) if session.get_bind().dialect.name == "postgresql" else found
            if len(settled) < len(found) and self._writers is None:
                self._watch(session, found[-1].id)
        if found and not settled and not self._writers:  # nobody is left who could fill the gap
            return self.next(limit)
        if settled:
            self._after = settled[-1].id
        return settled

    def _settled(self, found: Sequence[Entry]) -> Sequence[Entry]:
        """What comes before the first gap that may be filled."""
        last = self._after
        for place, entry in enumerate(found):
            if entry.id != last + 1 and entry.id > self._whole:
                return found[:place]
            last = entry.id
        return found

    def _watch(self, session: Session, seen: int) -> None:
        """Wait for whoever may still fill a gap below id `seen`, which is visible already."""
        self._seen, self._writers = seen, writers(session)

    def _look_again(self, session: Session) -> None:
        if self._writers is None:
            return
        self._writers &= writers(session)
        if not self._writers:
            self._whole, self._writers = self._seen, None


def newest(session: Session) -> int:
    """The greatest id of an entry that is visible; 0 before the first."""
    return session.scalars(select(func.coalesce(func.max(JournalRow.id), 0))).one()


def writers(session: Session) -> Writers:
    """The transactions in flight that have written to the journal, or are about to."""
    if session.get_bind().dialect.name != "postgresql":
        return frozenset()
    return frozenset(session.scalars(WRITERS))
