"""`patient`: what a lost connection, or a database that restarts, left undone is done again."""

import functools
import inspect
import logging
import secrets
import time
from collections.abc import Callable, Collection
from typing import Any, ParamSpec, TypeVar

from psycopg import Error as PostgresError
from sqlalchemy.exc import DBAPIError, OperationalError

logger = logging.getLogger(__name__)

Part = TypeVar("Part")
Given = ParamSpec("Given")
Result = TypeVar("Result")

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between two tries
IN_THE_WAY = frozenset(
    {
        *("40001", "40P01"),  # another transaction was: serialization failure, deadlock
        *("57P01", "57P02", "57P03"),  # the server ends, crashed, or starts
        *("25P03", "53300"),  # our session was idle for too long; too many are open
    }
)
"""SQLSTATEs of what another try may not meet (PostgreSQL documentation, appendix A)."""
BUSY = 5  # SQLITE_BUSY; the upper bits say more


class UnknownOutcomeError(OperationalError):
    """The answer to a commit was lost, and the database cannot tell what became of it."""


def lost(error: DBAPIError) -> bool:
    """Whether the transaction failed for want of a connection or of a free way, so that nothing of it stands."""
    if isinstance(error, UnknownOutcomeError):
        return False
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, PostgresError):
        refused = isinstance(error, OperationalError) and error.orig.sqlstate is None
        return refused or error.orig.sqlstate in IN_THE_WAY
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == BUSY


def safe_to_repeat(method: Callable[Given, Result]) -> Callable[Given, Result]:
    """Mark a method that finds out by itself what it wrote before: an unknown outcome is no reason not to repeat it."""
    method.__dict__["safe_to_repeat"] = True
    return method


def patient(part: Part, *, seconds: float) -> Part:
    """`part`, whose public methods are whole units of work and are begun again until so many seconds are over.

    A transaction that was cut off before its commit left nothing; what became of one that was cut off at its commit is
    `CommitTicket`'s to find out. So nothing is done twice. A method that is given a `session` is part of another's
    transaction, and is left as it is.
    """
    for name, method in vars(type(part)).items():
        if inspect.isfunction(method) and not name.startswith("_") and "session" not in _parameters(method):
            setattr(part, name, repeated(getattr(part, name), seconds=seconds))
    return part


def _parameters(method: Callable[..., Any]) -> Collection[str]:
    return inspect.signature(method).parameters


def repeated(work: Callable[Given, Result], *, seconds: float) -> Callable[Given, Result]:
    """`work`, which is one whole unit, with that patience."""
    safe = getattr(work, "safe_to_repeat", False)

    @functools.wraps(work)
    def tried(*arguments: Given.args, **named: Given.kwargs) -> Result:
        deadline, pause = time.monotonic() + seconds, FIRST_PAUSE
        while True:
            try:
                return work(*arguments, **named)
            except DBAPIError as error:
                again = lost(error) or (safe and isinstance(error, UnknownOutcomeError))
                if not again or time.monotonic() + pause > deadline:
                    raise
                logger.warning("%s: trying again, as the database said: %s", work.__qualname__, error.orig)
            time.sleep(pause * (0.5 + secrets.randbelow(1000) / 1000))
            pause = min(2 * pause, LONGEST_PAUSE)

    return tried
