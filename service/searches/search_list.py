"""The list of searches, newest first: every search, or those of a status, of an owner, under a label."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.domain.records import Search, Status
from service.searches.search_row import from_row
from service.storage.tables import LabelRow, SearchRow


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
    """The searches that are older than the one of id `after`: `limit`, or fewer at the end."""
    rows = session.scalars(_chosen(selection, after).limit(limit)).all()
    return SearchPage([from_row(row) for row in rows], rows[-1].id if len(rows) == limit else None)


def _chosen(selection: Selection, after: str | None) -> Select[SearchRow]:
    chosen, places = select(SearchRow), [SearchRow.id]
    if selection.label is not None:  # a range of the labels' key, already in order
        chosen = chosen.join(LabelRow, LabelRow.search_id == SearchRow.id).where(LabelRow.label == selection.label)
        places.insert(0, LabelRow.search_id)
    if after is not None:  # said of both, as PostgreSQL does not conclude one from the other
        chosen = chosen.where(*(place < after for place in places))
    if selection.status is not None:
        chosen = chosen.where(SearchRow.status == selection.status)
    if selection.owner is not None:
        chosen = chosen.where(SearchRow.owner == selection.owner)
    return chosen.order_by(places[0].desc())
