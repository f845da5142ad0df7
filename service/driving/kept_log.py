"""`kept_log`: what a driver says, kept in the database as it goes, so that it can be read without its machine."""

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from service.domain.records import Lease
from service.observing.logs import for_people
from service.observing.redaction import Redaction
from service.searches.log_tails import MOST_LINES, LogTails
from service.storage.clock import Clock, utc_now

WRITE_SECONDS = 2.0  # between two writes, while there is something new
LONGEST = 500  # characters of a line


@contextmanager
def kept_log(tails: LogTails, lease: Lease, *, every: float = WRITE_SECONDS, clock: Clock = utc_now) -> Iterator[None]:
    """Keep the last lines of the block's log, its end and the error that it ends with included.

    A log that cannot be written down is no reason for a search to stop: it is tried again with the next lines.
    """
    heard = _Heard(Redaction.of_environment(os.environ, lease.token))
    began, ended = clock(), threading.Event()

    def write() -> None:
        if not heard.new:
            return
        try:
            tails.write(lease.search_id, heard.taken(), driver_began_at=began)
        except (SQLAlchemyError, OSError):
            heard.new = True

    def keep() -> None:
        while not ended.wait(every):
            write()

    thread = threading.Thread(target=keep, name=f"log-{lease.search_id}", daemon=True)
    logging.getLogger().addHandler(heard)
    thread.start()
    try:
        yield
    except BaseException:
        heard.error()
        raise
    finally:
        logging.getLogger().removeHandler(heard)
        ended.set()
        thread.join()
        write()


class _Heard(logging.Handler):
    """The last lines that any logger said, without secrets."""

    def __init__(self, redaction: Redaction) -> None:
        super().__init__()
        self.setFormatter(for_people("driver"))
        self.new = False
        self._redaction = redaction
        self._lines = deque[str](maxlen=MOST_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """One record, which may have several lines."""
        try:
            said = self._redaction.of(self.format(record)).encode("utf-8", "backslashreplace").decode()
        except Exception:  # logging's own way: a record that cannot be formatted is the fault of who wrote it
            self.handleError(record)
            return
        self._lines.extend(line[:LONGEST] for line in said.split("\n"))
        self.new = True

    def error(self) -> None:
        """The exception that is being handled, with its traceback."""
        text, about = "the driver ends with an error", sys.exc_info()
        self.handle(logging.LogRecord(__name__, logging.ERROR, __file__, 0, text, None, about))

    def taken(self) -> list[str]:
        """The lines so far, which from now on are not new."""
        self.acquire()
        try:
            self.new = False
            return list(self._lines)
        finally:
            self.release()
