"""`Leases`: who may drive a search, and every state change that a driver or a dispatcher makes.

A claim hands out a new token and an end of the lease; the driver renews it. Whoever holds the token in the row may
write, even a little late; once somebody else has claimed the search, the old token can write nothing (fencing). The
clocks of the machines must agree to well under one lease.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, func, or_, select, update
from sqlalchemy.orm import Session

from service.database import reading, writing
from service.records import Hold, Lease, LeaseLostError, Status, Wishes
from service.search_end import end_search
from service.searches import Clock, utc_now
from service.tables import SearchRow


def held_row(session: Session, lease: Lease) -> SearchRow:
    """The row of `lease`, locked until the session ends.

    Raises:
        LeaseLostError: the row has another token, or none.
    """
    held = and_(SearchRow.id == lease.search_id, SearchRow.lease_token == lease.token)
    row = session.scalars(select(SearchRow).where(held).with_for_update()).one_or_none()
    if row is None:
        raise LeaseLostError(f"the lease on search {lease.search_id} was lost: it is over, or another driver has it")
    return row


class Leases:
    """Claims, renewals and ends.

    `attempts` counts the claims since the last told candidate, and `max_attempts` bounds that, not all claims: a long
    search on machines that come and go may be claimed a hundred times and be well, while three claims in a row that
    bring nothing mean that a fourth will not either.
    """

    def __init__(
        self, engine: Engine, clock: Clock = utc_now, *, lease_seconds: float = 15.0, max_attempts: int = 3
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._length = timedelta(seconds=lease_seconds)
        self._max_attempts = max_attempts

    def claim(self) -> Lease | None:
        """The oldest search that is queued or whose driver let its lease expire; None if there is none."""
        now = self._clock()
        with writing(self._engine) as session:
            self._close_hopeless(session, now)
            oldest = (
                select(SearchRow.id)
                .where(or_(SearchRow.status == Status.QUEUED, _expired(now)))
                .order_by(SearchRow.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            claimed = (
                update(SearchRow)
                .where(SearchRow.id == oldest.scalar_subquery())
                .values(
                    status=Status.RUNNING,
                    lease_token=secrets.token_hex(16),
                    lease_expires_at=now + self._length,
                    started_at=func.coalesce(SearchRow.started_at, now),
                    attempts=SearchRow.attempts + 1,
                )
                .returning(SearchRow.id, SearchRow.lease_token, SearchRow.attempts)
            )
            row = session.execute(claimed).one_or_none()
            return None if row is None or row[1] is None else Lease(row[0], row[1], row[2])

    def resume(self, search_id: str, token: str) -> Lease:
        """The lease that a dispatcher claimed, in the driver process that got its token.

        Raises:
            LeaseLostError: it is not current.
        """
        lease = Lease(search_id, token, attempt=0)
        with reading(self._engine) as session:
            return Lease(search_id, token, held_row(session, lease).attempts)

    def renew(self, lease: Lease) -> bool:
        """Put off the end of the lease; False if it was lost."""
        with writing(self._engine) as session:
            try:
                held_row(session, lease).lease_expires_at = self._clock() + self._length
            except LeaseLostError:
                return False
        return True

    def hold(self, lease: Lease) -> Hold:
        """Whether the lease is held, and whether the user asked for the end."""
        return self.wishes(lease).hold

    def wishes(self, lease: Lease) -> Wishes:
        """As `hold`, and how many workers the user wants."""
        columns = (SearchRow.lease_token, SearchRow.cancel_requested, SearchRow.slots)
        query = select(*columns).where(SearchRow.id == lease.search_id)
        with reading(self._engine) as session:
            row = session.execute(query).one_or_none()
        if row is None or row[0] != lease.token:
            return Wishes(Hold.LOST, None)
        return Wishes(Hold.CANCELLED if row[1] else Hold.HELD, row[2])

    def finish(
        self, lease: Lease, status: Status, *, result: Mapping[str, Any] | None = None, error: str | None = None
    ) -> None:
        """The end of the search, for good.

        Raises:
            LeaseLostError: the lease is not current.
            ValueError: `status` is no end.
        """
        if not status.finished:
            raise ValueError(f"a search ends as succeeded, failed or cancelled, not {status}")
        with writing(self._engine) as session:
            row = held_row(session, lease)
            row.result = None if result is None else dict(result)
            end_search(session, row, status, now=self._clock(), error=error)

    def release(self, lease: Lease) -> None:
        """Give the search back in good order: it was not the search's fault, so its attempts start anew."""
        self._let_go(lease, error=None)

    def abandon(self, lease: Lease, error: str) -> None:
        """Give back a search whose driver died: queued again while attempts remain, else failed with `error`."""
        self._let_go(lease, error)

    def _let_go(self, lease: Lease, error: str | None) -> None:
        """A lease that is not current needs no letting go."""
        with writing(self._engine) as session:
            try:
                row = held_row(session, lease)
            except LeaseLostError:
                return
            if error is None:
                row.attempts = 0
            self._end_or_queue(session, row, error or "")

    def _close_hopeless(self, session: Session, now: datetime) -> None:
        """Expired leases on searches that nobody should claim again: cancelled ones, those out of attempts."""
        hopeless = or_(SearchRow.cancel_requested, SearchRow.attempts >= self._max_attempts)
        expired = select(SearchRow).where(_expired(now), hopeless).with_for_update(skip_locked=True)
        for row in session.scalars(expired):
            self._end_or_queue(
                session, row, "its driver fell silent: killed, out of memory, or cut off from the database"
            )
        session.flush()

    def _end_or_queue(self, session: Session, row: SearchRow, error: str) -> None:
        if row.cancel_requested:
            end_search(session, row, Status.CANCELLED, now=self._clock())
        elif row.attempts >= self._max_attempts:
            why = f"{row.attempts} attempts in a row scored nothing; the last one: {error}"
            end_search(session, row, Status.FAILED, now=self._clock(), error=why)
        else:
            row.status, row.lease_token, row.lease_expires_at = Status.QUEUED, None, None


def _expired(now: datetime) -> ColumnElement[bool]:
    return and_(SearchRow.status == Status.RUNNING, SearchRow.lease_expires_at < now)
