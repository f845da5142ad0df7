"""`Reporter`: outcomes on their way into Tune's log, from a thread of their own, so that no candidate waits for it."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

log = logging.getLogger(__name__)

Row = Mapping[str, Any]
REPORT_SECONDS = 1.0  # between two reports; what comes in between shares the next one


class Reporter:
    """Hands every row to `report`, several at a time where they come fast; on leaving, all of them are reported.

    The search does not need them: once a report has failed, the rows that follow are dropped.
    """

    def __init__(self, report: Callable[[Sequence[Row]], None], *, seconds: float = REPORT_SECONDS) -> None:
        self._report = report
        self._seconds = seconds
        self._rows: SimpleQueue[Row | None] = SimpleQueue()
        self._ended = False
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="reporter")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._rows.put(None)
        self._thread.join()

    def put(self, rows: Sequence[Row]) -> None:
        """Have `rows` reported soon."""
        for row in rows:
            self._rows.put(row)

    def _run(self) -> None:
        while not self._ended:
            first = self._rows.get()
            rows = self._gathered(first)
            if rows:
                started = time.monotonic()
                self._try(rows)
                self._leaving.wait(max(0.0, self._seconds - (time.monotonic() - started)))

    def _try(self, rows: Sequence[Row]) -> None:
        try:
            self._report(rows)
        except Exception:
            # Whatever it was, no candidate is worth less for it.
            log.exception("outcomes cannot be reported to Tune; its log ends here, the search goes on")
            self._report = _drop

    def _gathered(self, first: Row | None) -> list[Row]:
        rows: list[Row] = []
        row: Row | None = first
        while row is not None:
            rows.append(row)
            try:
                row = self._rows.get_nowait()
            except Empty:
                return rows
        self._ended = True
        return rows


def _drop(rows: Sequence[Row]) -> None:
    """What is left to do with `rows` that cannot be reported."""
