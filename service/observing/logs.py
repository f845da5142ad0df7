"""`configure`: what a process says, as lines for people or as JSON lines for machines, and whom each line is about."""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

Form = Literal["text", "json"]

QUIET = ("alembic", "httpx", "httpcore", "uvicorn.access")
"""Loggers whose everyday lines say nothing that ours do not."""

_SECRET = re.compile(r"(tws_[0-9A-Za-z]+_)[0-9a-f]{64}")  # an API key: its id may be read, its secret never
_UNPRINTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


Facts = Callable[[], Mapping[str, str | None]]
"""Whom lines are about: search_id, request_id, caller (never a key). Asked at each line, as it becomes known."""

_here: ContextVar[Facts | None] = ContextVar("facts", default=None)


@contextmanager
def about(facts: Facts) -> Iterator[None]:
    """The lines of this block, and of the tasks and worker threads that it awaits, carry these facts."""
    token = _here.set(facts)
    try:
        yield
    finally:
        _here.reset(token)


def configure(
    process: str,
    *,
    form: Form = "text",
    level: int = logging.INFO,
    search_id: str | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send every line of this process to `stream` (standard error); whoever configured before is replaced.

    `process` is api, dispatcher or driver; with `search_id` each line is about that search unless it says otherwise.
    """
    whole = {"search_id": search_id}
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json(process, whole) if form == "json" else _Text(process, whole))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def for_people(process: str) -> logging.Formatter:
    """How a line of `process` reads where people look at it, whatever form its own log has."""
    return _Text(process, {})


class _Annotated(logging.Formatter):
    """Knows whom a line is about; never shows the secret of a key."""

    def __init__(self, process: str, whole: Mapping[str, str | None]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._process = process
        self._whole = whole

    def _facts(self, record: logging.LogRecord) -> dict[str, Any]:
        """What is known beside the message, the empty left out; `extra={"facts": {...}}` of the call adds to it."""
        here = _here.get()
        given: Mapping[str, Any] = getattr(record, "facts", {})
        known = {**self._whole, **(here() if here is not None else {}), **given}
        return {name: value for name, value in known.items() if value is not None}


class _Text(_Annotated):
    """A line for people; what belongs to it and needs lines of its own is indented, so that none can be forged."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with what is known at its end."""
        facts = " ".join(f"{name}={value}" for name, value in self._facts(record).items())
        first, *rest = _SECRET.sub(r"\1...", super().format(record)).split("\n")
        lines = "\n    ".join([f"{first} [{facts}]" if facts else first, *rest])
        return _UNPRINTED.sub(lambda found: repr(found[0])[1:-1], lines)


class _Json(_Annotated):
    """One JSON object in a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: time in UTC, level, process, logger, message, what is known, and a traceback where there is one."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "pid": record.process,
            "logger": record.name,
            "message": record.getMessage(),
            **self._facts(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _SECRET.sub(r"\1...", json.dumps(line, default=str))
