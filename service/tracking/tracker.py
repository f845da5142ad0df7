"""The contract of a tracker: a search is a run, each told candidate a step of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class TrackerError(Exception):
    """A tracker cannot be used here; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a tracker is told of a search before its candidates."""

    search_id: str
    name: str
    owner: str
    labels: Sequence[str]
    version: str  # of Twinsieve
    began: datetime
    spec: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """One told candidate; `step` counts tells from 1, as they were recorded, so that a replay gives equal points."""

    step: int
    at: datetime
    values: Mapping[str, float]  # such as `proxy/accuracy`: scores of different fidelities have different names


class Ending(StrEnum):
    """How a run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Tracker(Protocol):
    """Called from one thread of its own. Whatever it raises is logged, and tried again later; no search fails by it."""

    def begin(self, run: Run) -> None:
        """Before anything else; the same search may have begun before, in another process."""

    def write(self, points: Sequence[Point]) -> None:
        """The next points; those of an earlier process come again, and are not to be counted twice."""

    def end(self, ending: Ending | None, files: Sequence[Path]) -> None:
        """After the last point; without an ending the search goes on later. `files` are files and folders to keep."""
