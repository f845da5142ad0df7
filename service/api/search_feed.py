"""`SearchFeed`: what happened to one search, in one order, from any place on."""

import heapq
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import func, select

from service.domain.action import ENDS
from service.domain.records import Status, StoredCandidate
from service.events.journal import Entry
from service.searches.store import Store
from service.storage.database import reading
from service.storage.journal_tables import JournalRow
from service.storage.tables import CandidateRow, SearchRow

PATTERN = re.compile(r"([0-9]{1,18})\.([0-9]{1,9})")
PAGE = 200
LAST = datetime.max.replace(tzinfo=UTC)

Happening = Entry | StoredCandidate


class EventIdError(ValueError):
    """A `Last-Event-ID` that no event of this stream had."""


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which entry of the journal, and how many told candidates."""

    entry: int = 0
    told: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that `str` wrote.

        Raises:
            EventIdError: it has another form.
        """
        if (form := PATTERN.fullmatch(text)) is None:
            raise EventIdError(
                f"expected the id of an event of this search, two whole numbers such as 17.240, and got {text[:64]!r}: "
                "leave it out to begin with the first event"
            )
        return cls(int(form[1]), int(form[2]))

    def past(self, happening: Happening) -> "Place":
        """Behind `happening`, which comes next."""
        if isinstance(happening, Entry):
            return Place(happening.id, self.told)
        return Place(self.entry, self.told + 1)

    def __str__(self) -> str:
        return f"{self.entry}.{self.told}"


@dataclass(frozen=True, slots=True)
class News:
    """What happened next, each with the place behind it; there is `more` already, or it is `over`."""

    status: Status | None  # of the search at that moment; None: it was deleted
    happenings: Sequence[tuple[Place, Happening]] = ()
    more: bool = False
    over: bool = False


class SearchFeed:
    """The journal's entries of a search and its told candidates, merged by time.

    Both are written while the search's row is locked, so each of the two comes to be seen in its own order, and a place
    in both says exactly what a reader has. The entry of the end comes after all candidates.
    """

    def __init__(self, store: Store, search_id: str) -> None:
        self._store = store
        self._search_id = search_id

    def check(self, place: Place) -> None:
        """Refuse a place that no reader of this search can be at.

        Raises:
            SearchNotFoundError: there is no such search.
            EventIdError: it is of another search.
        """
        self._store.searches.get(self._search_id)
        entry = select(JournalRow.id).where(JournalRow.id == place.entry, JournalRow.search_id == self._search_id)
        last_told = (CandidateRow.search_id == self._search_id, CandidateRow.told_order == place.told - 1)
        told = select(CandidateRow.index).where(*last_told)
        with reading(self._store.engine) as session:
            for count, query in ((place.entry, entry), (place.told, told)):
                if count and session.execute(query).first() is None:
                    raise EventIdError(
                        f"expected the id of an event of search {self._search_id}, and {place} is of another: leave it "
                        "out to begin with the first event"
                    )

    def after(self, place: Place) -> News:
        """What happened next, up to a page of each kind."""
        found, entry, told = self._look()
        status = None if found is None else Status(found)
        over = status is None or status.finished
        if (entry or 0, told) == (place.entry, place.told):
            return News(status, over=over)
        journal, candidates = self._store.journal, self._store.candidates
        entries = journal.of_search(self._search_id, after=place.entry, limit=PAGE)
        tells = candidates.told(self._search_id, after=place.told - 1, limit=PAGE)
        more = PAGE in (len(tells), len(entries))
        return News(status, list(_merged(tells, entries, place)), more, over and not more)

    def _look(self) -> tuple[str | None, int | None, int]:
        """The status, the last entry and how many are told, at one moment; no status: it was deleted."""
        of_search = SearchRow.id == self._search_id
        status = select(SearchRow.status).where(of_search).scalar_subquery()
        entry = select(func.max(JournalRow.id)).where(JournalRow.search_id == self._search_id).scalar_subquery()
        told = select(func.max(CandidateRow.told_order)).where(CandidateRow.search_id == self._search_id)
        with reading(self._store.engine) as session:
            found = session.execute(select(status, entry, func.coalesce(told.scalar_subquery(), -1) + 1)).one()
        return found[0], found[1], found[2]


def _merged(
    tells: Sequence[StoredCandidate], entries: Sequence[Entry], place: Place
) -> Iterable[tuple[Place, Happening]]:
    """By time, but each kind in its own order, and no further than both are known."""
    full = [page[-1] for page in (tells, entries) if len(page) == PAGE]
    pages: tuple[Sequence[Happening], Sequence[Happening]] = (entries, tells)
    for happening in heapq.merge(*pages, key=_time):
        place = place.past(happening)
        yield place, happening
        if any(happening is last for last in full):
            return


def _time(happening: Happening) -> datetime:
    if isinstance(happening, Entry):
        return LAST if happening.action in ENDS else happening.at
    return happening.told_at or LAST
