"""What the store hands out: frozen values, never rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from search.contracts import Candidate, Fidelity, Measurement, Outcome

LOCAL = "local"
"""The owner where nobody needs a key."""

RAY_JOB = "ray_job"
"""The key of a search's result under which its last driver's Ray job is, as soon as it has one."""

ELAPSED = "elapsed_seconds"
"""The key of a measurement under which it says how long its search ran by then."""

REPORT = "report"
"""The folder among a search's artifacts that has its report, in every form."""

MOST_WORKER = 128  # characters of the name of a worker


class Status(StrEnum):
    """queued -> running (<-> paused) -> succeeded | failed | cancelled; a lost lease leads back to queued."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Nothing will change any more."""
        return self in FINISHED


FINISHED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})


class Hold(StrEnum):
    """What a driver's lease is worth at this moment."""

    HELD = "held"
    PAUSED = "paused"  # held, and the user asked for a break
    CANCELLED = "cancelled"  # held, and the user asked for the end
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a driver must know of its search's row while it runs."""

    hold: Hold
    slots: int | None  # workers wanted since the last resize; None: as many as the spec says


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to drive one search; every write of a driver names its token."""

    search_id: str
    token: str = field(repr=False)
    attempt: int  # claims since the last told candidate, this one included


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search as stored; times are UTC."""

    id: str
    name: str
    status: Status
    spec: Mapping[str, Any]
    version: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    cancel_requested: bool
    pause_requested: bool = False
    slots: int | None  # workers wanted since the last resize; None: as many as the spec says
    owner: str = LOCAL
    priority: int = 0  # -100 to 100, among the searches of one owner; higher first
    labels: Sequence[str] = ()
    notes: str = ""
    extends: str | None = None  # the search whose measurements this one starts with
    front: Sequence[int] | None = None  # indices of the best so far, best first; None: not written yet
    artifacts_deleted_at: datetime | None = None
    error: str | None
    result: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What shall be different about a search from now on; None leaves it as it is."""

    workers: int | None = None
    priority: int | None = None
    labels: Sequence[str] | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's own name for one submission, and the SHA-256 of what it asked for under it."""

    key: str
    body_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCandidate:
    """One ask, and its tell once it came."""

    candidate: Candidate
    asked_after: int  # tells before this ask
    asked_at: datetime
    told_order: int | None  # tells before this tell
    told_at: datetime | None
    outcome: Outcome | None
    seconds: float | None  # of scoring
    reused_from: str | None = None  # the search that made this measurement, where none was made for this one


@dataclass(frozen=True, slots=True)
class Credit:
    """Who scored a candidate: the worker's host and slot, and how long the candidate took of its time."""

    worker: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Earlier:
    """A measurement that a candidate of some search has already."""

    measurement: Measurement
    search_id: str  # of the search whose workers made it


@dataclass(frozen=True, slots=True)
class FidelityProgress:
    """Counts of one search's candidates of one fidelity."""

    asked: int = 0
    told: int = 0
    failed: int = 0
    seconds: float = 0.0  # of scoring, summed
    reused: int = 0  # of those told: taken over, not measured
    busy_seconds: float = 0.0  # of workers, also where scoring failed; nothing that was taken over


Progress = Mapping[Fidelity, FidelityProgress]


class SearchNotFoundError(LookupError):
    """There is no such search."""


class SearchFinishedError(Exception):
    """The search is over and cannot be changed."""


class SearchUnfinishedError(Exception):
    """The search is not over yet, and what was asked for needs its end."""


class IdempotencyConflictError(Exception):
    """An idempotency key that its owner used before, for something else."""


class LeaseLostError(Exception):
    """The lease is no longer the one in the row: someone else drives the search, or it is over."""


class DuplicateCandidateError(ValueError):
    """A chromosome was asked twice at one fidelity, or an index twice."""
