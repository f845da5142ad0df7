"""`Queue`: the searches that wait for a driver, and which of them is next."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from service.domain.action import Action
from service.domain.quota import Quota
from service.domain.records import Status
from service.events.journal_tail import newest
from service.people.quotas import Quotas
from service.searches.fair_share import FairShare, Line, next_tag
from service.storage.journal_tables import JournalRow
from service.storage.people_tables import QuotaRow
from service.storage.tables import SearchRow

STARTS = (Action.STARTED, Action.CLAIMED)
TAG = "tag"
"""Where the journal's entry of a start keeps its tag: see `FairShare`."""

PICTURE_LASTS = timedelta(seconds=1)
RECENT = 2000
"""How many entries of the journal a start lies back at most; tags from before are forgotten, all of them at once."""


class Group(NamedTuple):
    """Searches of one owner, status and priority that wait: queued ones, or such as lost their driver."""

    owner: str
    status: Status
    priority: int
    length: int
    first: str  # id of the oldest


class Slots(NamedTuple):
    """What one owner has of the slots."""

    rows: int  # searches that have a lease, expired or not
    lost: int  # of those: expired


NO_SLOTS = Slots(0, 0)


@dataclass(frozen=True, slots=True)
class Turn:
    """A search to be claimed, and the tag of its start."""

    search_id: str
    tag: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Who waited and who ran when the journal ended with one entry; a lease that ran out since is not in there."""

    at: datetime
    entry: int
    queued: Sequence[Group]
    share: FairShare

    def shows(self, entry: int, now: datetime) -> bool:
        """Whether it is as good as a new one."""
        return entry == self.entry and abs(now - self.at) < PICTURE_LASTS


class Queue:
    """Read in the session of whoever asks, as a claim must see what it changes.

    For those who only ask for their place, what does not differ between them is read once, and again when something
    has happened: polls of hundreds that wait come far more often than anything does.
    """

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self._picture: Picture | None = None

    def next(self, session: Session, waiting: ColumnElement[bool], now: datetime) -> Turn | None:
        """Whose turn it is of those `waiting`; None if nobody is, or all who are have as many running as they may."""
        groups, slots = _groups(session, waiting), _slots(session, now)
        quotas = self._quotas_of(session, {each.owner for each in groups} | set(slots))
        allowed = [each for each in groups if _may_start(each, slots, quotas[each.owner].running)]
        line = FairShare.of(_lines(session, allowed, slots, quotas)).next()
        return None if line is None else Turn(line.first, line.tag)

    def ahead(self, session: Session, search: SearchRow, now: datetime) -> int:
        """About how many searches are claimed before a queued one, by the order as it is now."""
        picture = self._taken(session, now)
        own = [each for each in picture.queued if each.owner == search.owner]
        if not own:  # claimed since its row was read
            return 0
        before = sum(each.length for each in own if each.priority > search.priority)
        return picture.share.ahead(search.owner, before + session.scalars(_older(search)).one())

    def _taken(self, session: Session, now: datetime) -> Picture:
        picture, entry = self._picture, newest(session)
        if picture is None or not picture.shows(entry, now):
            queued, slots = _groups(session, SearchRow.status == Status.QUEUED), _slots(session, now)
            quotas = self._quotas_of(session, {each.owner for each in queued} | set(slots))
            picture = Picture(now, entry, queued, FairShare.of(_lines(session, queued, slots, quotas)))
            self._picture = picture
        return picture

    def _quotas_of(self, session: Session, owners: Collection[str]) -> Mapping[str, Quota]:
        rows = session.scalars(select(QuotaRow).where(QuotaRow.owner.in_(owners)))
        default, said = self._quotas.default, {row.owner: row for row in rows}
        return {owner: _running_and_weight(said.get(owner), default) for owner in owners}


def expired(now: datetime) -> ColumnElement[bool]:
    """A driver let its lease go by."""
    return and_(SearchRow.status == Status.RUNNING, SearchRow.lease_expires_at < now)


def _groups(session: Session, waiting: ColumnElement[bool]) -> Sequence[Group]:
    group = SearchRow.owner, SearchRow.status, SearchRow.priority
    counted = select(*group, func.count(), func.min(SearchRow.id)).where(waiting).group_by(*group)
    return [
        Group(owner, Status(status), priority, length, first)
        for owner, status, priority, length, first in session.execute(counted)
    ]


def _slots(session: Session, now: datetime) -> Mapping[str, Slots]:
    lost = func.sum(case((SearchRow.lease_expires_at < now, 1), else_=0))
    counted = select(SearchRow.owner, func.count(), lost).where(SearchRow.status == Status.RUNNING)
    return {owner: Slots(rows, lost) for owner, rows, lost in session.execute(counted.group_by(SearchRow.owner))}


def _running_and_weight(said: QuotaRow | None, default: Quota) -> Quota:
    if said is None:
        return default
    running = default.running if said.running is None else said.running
    return Quota(running=running, weight=default.weight if said.weight is None else said.weight)


def _may_start(group: Group, slots: Mapping[str, Slots], most: int | None) -> bool:
    """What only lost its driver needs no further slot."""
    return group.status is not Status.QUEUED or most is None or slots.get(group.owner, NO_SLOTS).rows < most


def _lines(
    session: Session,
    groups: Iterable[Group],
    slots: Mapping[str, Slots],
    quotas: Mapping[str, Quota],
) -> Iterable[Line]:
    present, last_tags = _present(session), _last_tags(session)
    for owner, quota in quotas.items():
        used, last = slots.get(owner, NO_SLOTS), last_tags.get(owner)
        own = sorted((-each.priority, each.first, each.length) for each in groups if each.owner == owner)
        yield Line(
            owner=owner,
            weight=quota.weight,
            running=used.rows - used.lost,
            tag=next_tag(present=present, last=last, weight=quota.weight),
            length=sum(length for *_, length in own),
            first=own[0][1] if own else "",
        )


def _present(session: Session) -> float:
    """The tag of the last start of all."""
    return _tag(session.scalars(_starts()).first()) or 0.0


def _last_tags(session: Session) -> Mapping[str, float | None]:
    """Of each owner with searches that wait or run."""
    current = SearchRow.status.in_((Status.QUEUED, Status.RUNNING))
    owners = select(SearchRow.owner).where(current).distinct().subquery()
    last = _starts().where(JournalRow.owner == owners.c.owner).scalar_subquery()
    return {owner: _tag(detail) for owner, detail in session.execute(select(owners.c.owner, last))}


def _starts() -> Select[dict[str, Any]]:
    recent = JournalRow.id > select(func.max(JournalRow.id)).scalar_subquery() - RECENT
    starts = select(JournalRow.detail).where(recent, JournalRow.action.in_(STARTS))
    return starts.order_by(JournalRow.id.desc()).limit(1)


def _tag(detail: Mapping[str, Any] | None) -> float | None:
    return None if detail is None else float(detail.get(TAG, 0.0))


def _older(search: SearchRow) -> Select[int]:
    """How many queued searches of its owner and priority there are before it."""
    alike = SearchRow.owner == search.owner, SearchRow.priority == search.priority
    return select(func.count()).where(SearchRow.status == Status.QUEUED, *alike, SearchRow.id < search.id)
