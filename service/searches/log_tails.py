"""`LogTails`: of each search the last lines of its driver's log, so that any API can show them, wherever it ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from service.storage.clock import Clock, utc_now
from service.storage.database import reading, writing
from service.storage.log_tables import LogTailRow

MOST_LINES = 500
MOST_CHARACTERS = 40_000  # of all lines together: the row is written anew every few seconds


@dataclass(frozen=True, slots=True)
class LogTail:
    """Lines as a person reads them, oldest first."""

    lines: Sequence[str]
    written_at: datetime


class LogTails:
    """One tail for each search; a driver that was taken for dead writes nothing over those of the one after it."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def write(self, search_id: str, lines: Sequence[str], *, driver_began_at: datetime) -> None:
        """Keep as many of the last lines as there is room for, instead of those that were kept before."""
        text = "\n".join(_that_fit(lines))
        try:
            with writing(self._engine) as session:
                row = session.get(LogTailRow, search_id, with_for_update=True)
                if row is None:
                    row = LogTailRow(search_id=search_id, driver_began_at=driver_began_at)
                    session.add(row)
                if row.driver_began_at <= driver_began_at:
                    row.driver_began_at, row.written_at, row.text = driver_began_at, self._clock(), text
        except IntegrityError:  # the search was deleted, or another driver was first in this moment
            return

    def read(self, search_id: str) -> LogTail | None:
        """What was kept of a search; None where no driver began."""
        with reading(self._engine) as session:
            row = session.get(LogTailRow, search_id)
            return None if row is None else LogTail(row.text.split("\n"), row.written_at)


def _that_fit(lines: Sequence[str]) -> Sequence[str]:
    room = MOST_CHARACTERS
    for count, line in enumerate(reversed(lines[-MOST_LINES:])):
        room -= len(line) + 1
        if room < 0:
            return lines[len(lines) - count :]
    return lines[-MOST_LINES:]
