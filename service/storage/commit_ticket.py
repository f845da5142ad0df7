"""`CommitTicket`: what became of a commit whose answer was lost."""

import time
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.storage.lost_connections import UnknownOutcomeError, lost

PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.2
TAKE = text(
    "SELECT pg_current_xact_id_if_assigned()::text, checkpoint_lsn::text, timeline_id FROM pg_control_checkpoint()"
)
SETTLE = text(
    "SELECT pg_xact_status(CAST(:transaction AS xid8)), checkpoint_lsn::text, timeline_id, next_xid "
    "FROM pg_control_checkpoint()"
)
FUTURE = "22023"  # SQLSTATE of asking for a transaction that this server has not begun


@dataclass(frozen=True, slots=True)
class CommitTicket:
    """A transaction of PostgreSQL as it was just before its commit; SQLite answers from our own process.

    The server remembers how each transaction ended (`pg_xact_status`, PostgreSQL documentation, 9.27). One that it lost
    in a crash before it reached the disk it may have forgotten altogether, and then gives its number to another. So a
    number is believed to be committed only as long as no checkpoint came in between, as every recovery ends with one,
    or if that checkpoint knows of the number already.
    """

    transaction: int
    checkpoint: str
    timeline: int

    @classmethod
    def of(cls, session: Session) -> Self | None:
        """The ticket of what `session` has written; None where it needs none."""
        session.flush()
        if session.get_bind().dialect.name != "postgresql" or not session.in_transaction():
            return None
        transaction, checkpoint, timeline = session.execute(TAKE).one()
        return None if transaction is None else cls(int(transaction), checkpoint, timeline)

    def settle(self, engine: Engine, error: DBAPIError) -> None:
        """Return if the transaction was committed although its commit failed with `error`.

        Raises:
            DBAPIError: `error`, as it was not.
            UnknownOutcomeError: nobody can tell.
        """
        committed = self._committed(engine)
        if committed is None:
            raise UnknownOutcomeError(error.statement, error.params, error.orig or error) from error
        if not committed:
            raise error

    def _committed(self, engine: Engine) -> bool | None:
        """Asked until the server answers and the transaction has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                with engine.connect() as connection:
                    row = connection.execute(SETTLE, {"transaction": str(self.transaction)}).one()
                if row[0] != "in progress":
                    return self.read(*row)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) == FUTURE:
                    return False
                if not lost(error):
                    raise
            time.sleep(LOOK_SECONDS)
        return None

    def read(self, status: str | None, checkpoint: str, timeline: int, next_xid: str) -> bool | None:
        """Whether it was committed, as the server says and as far as it can know; `next_xid` is epoch:number."""
        if status == "aborted":
            return False
        epoch, _, number = next_xid.partition(":")
        known = (int(epoch) << 32) + int(number) > self.transaction
        same = timeline == self.timeline and (checkpoint == self.checkpoint or known)
        return True if status == "committed" and same else None
