"""`Leases`: who may drive a search, and every state change that a driver or a dispatcher makes.

A claim hands out a new token and an end of the lease; the driver renews it. Whoever holds the token in the row may
write, even a little late; once somebody else has claimed the search, the old token can write nothing (fencing). The
clocks of the machines must agree to well under one lease.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, func, or_, select
from sqlalchemy.orm import Session

from service.domain.action import Action
from service.domain.records import Hold, Lease, LeaseLostError, Status, Wishes
from service.events.journal import SERVICE, enter
from service.people.quotas import Quotas
from service.searches.queue import TAG, Queue, Turn, expired
from service.searches.search_end import end_search
from service.storage.clock import Clock, utc_now
from service.storage.database import reading, writing
from service.storage.lost_connections import safe_to_repeat
from service.storage.tables import SearchRow

CLAIMING = "claim"
"""The name of the lock under which one dispatcher after the other looks for its next search."""


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
        self,
        engine: Engine,
        clock: Clock = utc_now,
        *,
        lease_seconds: float = 15.0,
        max_attempts: int = 3,
        start_seconds: float = 0.0,
        quotas: Quotas | None = None,
    ) -> None:
        """A claim lasts for `start_seconds` more than a lease: a driver renews it only once its process has started.

        Without `quotas` every owner may have as many searches running as there are slots.
        """
        self._engine = engine
        self._clock = clock
        self._length = timedelta(seconds=lease_seconds)
        self._start_length = timedelta(seconds=lease_seconds + start_seconds)
        self._max_attempts = max_attempts
        self._queue = Queue(quotas or Quotas(engine, clock))

    def claim(self) -> Lease | None:
        """The next search that is queued or whose driver let its lease expire; None if none may be claimed.

        Owners take turns as `FairShare` says and never have more running than their quota; of one owner's searches the
        one of the highest priority comes first, then the oldest.
        """
        now = self._clock()
        if not self._anything(now):
            return None
        with writing(self._engine) as session:
            _wait_for_others(session)
            self._close_hopeless(session, now)
            while (turn := self._queue.next(session, self._waiting(now), now)) is not None:
                if (row := self._still_waiting(session, turn, now)) is not None:
                    return self._start(session, row, turn, now)
        return None

    def _anything(self, now: datetime) -> bool:
        """A look that locks nothing, as most find nothing."""
        queued, silent = SearchRow.status == Status.QUEUED, expired(now)
        with reading(self._engine) as session:
            return any(session.scalar(select(SearchRow.id).where(each).limit(1)) for each in (queued, silent))

    def _still_waiting(self, session: Session, turn: Turn, now: datetime) -> SearchRow | None:
        """The row, locked; None if its owner cancelled or paused it in this moment, or its driver came back."""
        still = SearchRow.id == turn.search_id, self._waiting(now)
        return session.scalars(select(SearchRow).where(*still).with_for_update()).one_or_none()

    def _waiting(self, now: datetime) -> ColumnElement[bool]:
        """Queued, or running without a driver while nobody asked for its end or for a break."""
        asked = or_(SearchRow.cancel_requested, SearchRow.pause_requested)
        silent = and_(expired(now), ~asked, SearchRow.attempts < self._max_attempts)
        return or_(SearchRow.status == Status.QUEUED, silent)

    def _start(self, session: Session, row: SearchRow, turn: Turn, now: datetime) -> Lease:
        action = Action.STARTED if row.started_at is None else Action.CLAIMED
        row.status, row.started_at, row.attempts = Status.RUNNING, row.started_at or now, row.attempts + 1
        row.lease_token, row.lease_expires_at = secrets.token_hex(16), now + self._start_length
        detail = {"attempt": row.attempts, TAG: turn.tag}
        enter(session, action, at=now, actor=SERVICE, search_id=row.id, owner=row.owner, detail=detail)
        return Lease(row.id, row.lease_token, row.attempts)

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
        """Whether the lease is held, and whether the user asked for the end or for a break."""
        return self.wishes(lease).hold

    def wishes(self, lease: Lease) -> Wishes:
        """As `hold`, and how many workers the user wants."""
        asked = SearchRow.cancel_requested, SearchRow.pause_requested
        columns = (SearchRow.lease_token, SearchRow.slots, *asked)
        query = select(*columns).where(SearchRow.id == lease.search_id)
        with reading(self._engine) as session:
            row = session.execute(query).one_or_none()
        if row is None or row[0] != lease.token:
            return Wishes(Hold.LOST, None)
        _, slots, cancelled, paused = row
        return Wishes(Hold.CANCELLED if cancelled else Hold.PAUSED if paused else Hold.HELD, slots)

    @safe_to_repeat
    def note(self, lease: Lease, facts: Mapping[str, Any]) -> None:
        """Add to the result of a search that goes on; what its end says is added to that.

        Raises:
            LeaseLostError: the lease is not current.
        """
        with writing(self._engine) as session:
            row = held_row(session, lease)
            row.result = {**(row.result or {}), **facts}

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
            row.result = {**(row.result or {}), **(result or {})} or None
            end_search(session, row, status, now=self._clock(), error=error)

    def paused(self, lease: Lease) -> None:
        """The break that the user asked for; what is in flight stays so. Queued if they thought better of it."""
        self.release(lease)

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
            self._end_or_let_wait(session, row, error)

    def _close_hopeless(self, session: Session, now: datetime) -> None:
        """Expired leases on searches that nobody should claim: cancelled ones, paused ones, those out of attempts."""
        asked = or_(SearchRow.cancel_requested, SearchRow.pause_requested)
        hopeless = expired(now), or_(asked, SearchRow.attempts >= self._max_attempts)
        for row in session.scalars(select(SearchRow).where(*hopeless).with_for_update(skip_locked=True)):
            error = "its driver fell silent: killed, out of memory, or cut off from the database"
            self._end_or_let_wait(session, row, error)
        session.flush()

    def _end_or_let_wait(self, session: Session, row: SearchRow, error: str | None) -> None:
        """Cancelled or paused as was asked for, failed after its last attempt, else queued; `error` if it died."""
        if row.cancel_requested:
            end_search(session, row, Status.CANCELLED, now=self._clock())
        elif row.pause_requested:
            self._let_wait(session, row, Status.PAUSED, error)
        elif row.attempts >= self._max_attempts:
            why = f"{row.attempts} attempts in a row scored nothing; the last one: {error}"
            end_search(session, row, Status.FAILED, now=self._clock(), error=why)
        else:
            self._let_wait(session, row, Status.QUEUED, error)

    def _let_wait(self, session: Session, row: SearchRow, status: Status, error: str | None) -> None:
        row.status, row.pause_requested, row.lease_token, row.lease_expires_at = status, False, None, None
        action = Action.PAUSED if status is Status.PAUSED else Action.REQUEUED
        detail = {} if error is None else {"error": error}
        enter(session, action, at=self._clock(), actor=SERVICE, search_id=row.id, owner=row.owner, detail=detail)


def _wait_for_others(session: Session) -> None:
    """One claim after the other, so that no two of them count the same free slot; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(CLAIMING, 0))))
