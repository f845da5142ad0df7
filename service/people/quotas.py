"""`Quotas`: how much of an installation each owner may use."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Unpack, cast

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from search.spec import SearchSpec
from service.domain.action import Action
from service.domain.person import PeopleError, check_owner
from service.domain.quota import LEAST_WEIGHT, MOST, NAMES, Given, Quota
from service.domain.records import LOCAL, Status
from service.domain.search_id import earliest_id
from service.events.journal import enter
from service.storage.clock import Clock, utc_now
from service.storage.database import reading, writing
from service.storage.people_tables import QuotaRow
from service.storage.tables import SearchRow, StageCountRow

WINDOW = timedelta(days=30)
"""How long what was used counts."""


class QuotaExceededError(Exception):
    """The owner has used up what it may use."""


class Quotas:
    """What is said of owners, and whether they keep to it. `default` is for those of whom nothing is said."""

    def __init__(self, engine: Engine, clock: Clock = utc_now, default: Quota | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self.default = default or Quota()

    def of(self, owner: str) -> Quota:
        """What `owner` may use."""
        return replace(self.default, **self.given(owner))

    def given(self, owner: str) -> Given:
        """What is said of `owner` alone."""
        with reading(self._engine) as session:
            return _given(session, owner)

    def listed(self, *, after: str = "", limit: int = 200) -> Sequence[tuple[str, Given]]:
        """The next owners behind `after` of whom something is said, by name."""
        query = select(QuotaRow).where(QuotaRow.owner > after).order_by(QuotaRow.owner).limit(limit)
        with reading(self._engine) as session:
            return [(row.owner, _from_row(row)) for row in session.scalars(query)]

    def set(self, owner: str, *, actor: str = LOCAL, **given: Unpack[Given]) -> Quota:
        """Say this of `owner`, and nothing else; the journal says that `actor` did.

        Raises:
            PeopleError: no such owner can be, or a value is out of range.
        """
        check_owner(owner)
        _check(given)
        with writing(self._engine) as session:
            _lock(session, owner)
            session.merge(QuotaRow(owner=owner, **{name: given.get(name) for name in NAMES}))
            enter(session, Action.QUOTA_SET, at=self._clock(), actor=actor, owner=owner, detail=dict(given))
        return replace(self.default, **given)

    def require_room(self, session: Session, owner: str, spec: SearchSpec) -> None:
        """Refuse a search of `owner` that is more than its quota.

        To be called in the transaction that adds the search, before it does: until that ends, no other search of this
        owner is let in.

        Raises:
            QuotaExceededError: it would be too many, too large, or too much.
        """
        quota = replace(self.default, **_given(session, owner))
        if quota.candidates is not None and spec.budget.candidates > quota.candidates:
            raise QuotaExceededError(
                f"budget.candidates is {spec.budget.candidates}; a search of yours may have {quota.candidates} at "
                "most: ask for fewer, or ask an admin"
            )
        if quota.queued is not None:
            _lock(session, owner)
            _require(_queued(session, owner), quota.queued, "queued searches; wait, cancel one, or ask an admin")
        if quota.gpu_hours is not None:
            used = gpu_hours(session, owner, now=self._clock())
            _require(used, quota.gpu_hours, f"GPU-hours of {WINDOW.days} days; wait, or ask an admin")


def gpu_hours(session: Session, owner: str, *, now: datetime) -> float:
    """Hours of workers, also where scoring failed, in the searches that `owner` submitted in the window until `now`."""
    recent = (SearchRow.owner == owner, SearchRow.id >= earliest_id(now - WINDOW))  # a range of one index
    seconds = select(func.coalesce(func.sum(StageCountRow.busy_seconds), 0.0)).join_from(SearchRow, StageCountRow)
    return session.scalars(seconds.where(*recent)).one() / 3600


def _require(used: float, allowed: float, rest: str) -> None:
    if used >= allowed:
        raise QuotaExceededError(f"you have {used:.4g} of {allowed:.4g} {rest}")


def _queued(session: Session, owner: str) -> int:
    counted = select(func.count()).where(SearchRow.owner == owner, SearchRow.status == Status.QUEUED)
    return session.scalars(counted).one()


def _lock(session: Session, owner: str) -> None:
    """One submission of an owner after the other; in SQLite there is only one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"quota:{owner}", 0))))


def _given(session: Session, owner: str) -> Given:
    row = session.get(QuotaRow, owner)
    return {} if row is None else _from_row(row)


def _from_row(row: QuotaRow) -> Given:
    values = {name: getattr(row, name) for name in NAMES}
    return cast(Given, {name: value for name, value in values.items() if value is not None})


def _check(given: Given) -> None:
    for name, value in given.items():
        least = LEAST_WEIGHT if name == "weight" else 0
        if not isinstance(value, int | float) or not least <= value <= MOST:  # also refuses what is no number (NaN)
            raise PeopleError(f"{name}: expected a number from {least} to {MOST}, not {value!r}")
