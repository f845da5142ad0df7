"""`SearchState`: one search at a moment; `SearchSummary`: a line of the list."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from twinsieve.candidate import Candidate
from twinsieve.event import ENDED


class SearchSummary(BaseModel):
    """One line of the list of searches."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    status: str
    owner: str
    priority: int
    labels: tuple[str, ...]
    backbone: str
    task: str
    algorithm: str
    told: int  # proxy candidates
    budget: int  # proxy candidates at most
    created_at: datetime
    finished_at: datetime | None
    version: str  # of the service that made it

    def row(self) -> dict[str, object]:
        """As a line of a table."""
        return self.model_dump()


class Stage(BaseModel):
    """Counts of the candidates of one fidelity."""

    model_config = ConfigDict(frozen=True)

    asked: int
    told: int
    failed: int  # of those told
    reused: int  # of those told: measured by an earlier search
    seconds: float  # of scoring


class Progress(BaseModel):
    """How far a search is, in candidates; each fidelity is counted for itself."""

    model_config = ConfigDict(frozen=True)

    told: int  # proxy candidates
    budget: int  # proxy candidates at most
    failures: int  # of any fidelity
    finals: int  # candidates of the final fine-tune that are done
    finals_budget: int
    reused: int  # of any fidelity
    stages: Mapping[str, Stage]  # those that have begun, in the order in which a search comes to them


class SearchState(BaseModel):
    """What the service says of one search."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    status: str  # queued, running, paused, succeeded, failed or cancelled
    owner: str
    priority: int
    labels: tuple[str, ...]
    notes: str
    extends: str | None  # the search whose measurements this one starts with
    version: str  # of the service that made it
    spec: Mapping[str, Any]
    genes: tuple[str, ...]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    pause_requested: bool
    queue_position: int | None  # about how many searches start before it; None unless queued
    workers: int
    progress: Progress
    best: Candidate | None  # within the bounds, by proxy score
    front_size: int
    eta_seconds: float | None
    utilisation: float | None  # 0 to 1, once it has ended
    chosen: int | None  # index of the winner, once succeeded
    stopped_by: str | None  # the key of the spec whose bound ended it; None where it ended by itself
    fidelity: Mapping[str, Any] | None  # how far its cheap scores can be trusted
    error: str | None
    dashboard: str | None  # a page of Ray's dashboard, where the installation has one

    @property
    def ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.status in ENDED
