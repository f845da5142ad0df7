"""The list of searches, newest first: every search, or those of a status, of an owner, under a label."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service.searches.records import Search, Status
from service.searches.search_row import from_row
from service.storage.tables import SearchRow

LABELLED_AMONG = 2000
"""How many searches one page looks through for a label: labels have no index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which searches; None leaves it open."""

    status: Status | None = None
    owner: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Newest first; `next` is the `after` of the next page, None at the end."""

    items: Sequence[Search]
    next: str | None


def page(session: Session, selection: Selection, *, after: str | None, limit: int) -> SearchPage:
    """The searches that are older than the one of id `after`: `limit`, or fewer at the end.

    A label that is rare may give fewer, or none, and yet a next page: one page looks through a few thousand searches.
    """
    if selection.label is not None:
        return _labelled(session, selection, selection.label, after, limit)
    chosen = select(SearchRow).where(*_older(selection, after)).order_by(SearchRow.id.desc())
    rows = session.scalars(chosen.limit(limit)).all()
    return SearchPage([from_row(row) for row in rows], rows[-1].id if len(rows) == limit else None)


def _labelled(session: Session, selection: Selection, label: str, after: str | None, limit: int) -> SearchPage:
    looked_at = select(SearchRow.id, SearchRow.labels).where(*_older(selection, after))
    window = session.execute(looked_at.order_by(SearchRow.id.desc()).limit(LABELLED_AMONG)).all()
    ids = [search_id for search_id, labels in window if label in labels][:limit]
    rows = session.scalars(select(SearchRow).where(SearchRow.id.in_(ids)).order_by(SearchRow.id.desc()))
    items = [from_row(row) for row in rows]
    if len(ids) == limit:
        return SearchPage(items, ids[-1])
    return SearchPage(items, window[-1][0] if len(window) == LABELLED_AMONG else None)


def _older(selection: Selection, after: str | None) -> Sequence[ColumnElement[bool]]:
    found = list[ColumnElement[bool]]()
    if after is not None:
        found.append(SearchRow.id < after)
    if selection.status is not None:
        found.append(SearchRow.status == selection.status)
    if selection.owner is not None:
        found.append(SearchRow.owner == selection.owner)
    return found
