"""The bodies of answers. Tuples and not sequences, which pydantic writes an item at a time, in Python."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from search.contracts import Failure, Fidelity
from service.api.estimate import Plan
from service.domain.records import Change, Search, Status, StoredCandidate

MAX_CANDIDATES = 1_000_000  # as in a spec


def _once(labels: list[str]) -> list[str]:
    return list(dict.fromkeys(labels))


# no control characters: a label is a word on a line, and PostgreSQL stores no NUL
Label = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Labels = Annotated[list[Label], Field(max_length=16), AfterValidator(_once)]
Notes = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
Priority = Annotated[int, Field(ge=-100, le=100, description="among the searches of one owner; higher first")]


class SearchChange(BaseModel):
    """What is to be different about a search: workers and priority until it ends, labels and notes at any time."""

    model_config = ConfigDict(extra="forbid", strict=True)

    workers: int | None = Field(None, ge=1, le=1024)
    priority: Priority | None = None
    labels: Labels | None = None
    notes: Notes | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(value is None for _, value in self):
            raise ValueError("nothing is to be changed; give workers, priority, labels or notes")
        return self

    def to_change(self) -> Change:
        """As the store takes it."""
        return Change(workers=self.workers, priority=self.priority, labels=self.labels, notes=self.notes)


class Extension(BaseModel):
    """How many proxy candidates an ended search would have had, had it gone on."""

    model_config = ConfigDict(extra="forbid", strict=True)

    candidates: int = Field(ge=1, le=MAX_CANDIDATES)


class SearchSummary(BaseModel):
    """One line of the list."""

    id: str
    name: str
    status: Status
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
    version: str

    @classmethod
    def of(cls, search: Search, *, told: int) -> Self:
        """The summary of `search` after `told` proxy candidates."""
        return cls(
            id=search.id,
            name=search.name,
            status=search.status,
            owner=search.owner,
            priority=search.priority,
            labels=search.labels,
            backbone=search.spec["backbone"],
            task=search.spec["task"],
            algorithm=search.spec["algorithm"]["name"],
            told=told,
            budget=Plan.of(search.spec).proxies,
            created_at=search.created_at,
            finished_at=search.finished_at,
            version=search.version,
        )


class SearchPage(BaseModel):
    """Newest first; `next` is the `after` of the next page, null at the end. There may be more behind a short page."""

    items: tuple[SearchSummary, ...]
    next: str | None


class CandidateView(BaseModel):
    """One candidate. `architecture` is what its genome decodes to: null where the backbone is not registered here."""

    index: int
    genome: tuple[int, ...]
    fidelity: Fidelity
    architecture: Mapping[str, Any] | None
    measurement: Mapping[str, float] | None
    failure: str | None
    seconds: float | None
    reused_from: str | None  # the search that made the measurement, where it was taken over
    told_order: int | None
    asked_at: datetime
    told_at: datetime | None

    @classmethod
    def of(cls, stored: StoredCandidate, architecture: Mapping[str, Any] | None) -> Self:
        """The view of a stored candidate."""
        failure = stored.outcome if isinstance(stored.outcome, Failure) else None
        return cls(
            index=stored.candidate.index,
            genome=stored.candidate.genome,
            fidelity=stored.candidate.fidelity,
            architecture=architecture,
            measurement=None if isinstance(stored.outcome, Failure) else stored.outcome,
            failure=None if failure is None else failure.reason,
            seconds=stored.seconds,
            reused_from=stored.reused_from,
            told_order=stored.told_order,
            asked_at=stored.asked_at,
            told_at=stored.told_at,
        )


class CandidatePage(BaseModel):
    """In the order of the asks; `next` is the `after` of the next page, null at the end so far."""

    items: tuple[CandidateView, ...]
    next: int | None


class StageView(BaseModel):
    """Counts of the candidates of one fidelity."""

    asked: int
    told: int
    failed: int  # of those told
    reused: int  # of those told: measured by an earlier search
    seconds: float  # of scoring


class ProgressView(BaseModel):
    """How far a search is, in candidates; each fidelity is counted for itself."""

    told: int  # proxy candidates
    budget: int  # proxy candidates at most; 0 where one look at the backbone decides, or nothing does
    failures: int  # of any fidelity
    finals: int  # FINAL candidates told
    finals_budget: int  # FINAL candidates at most
    probe: bool | None  # the look at the whole backbone: over or not; null where none was asked for
    reused: int  # of any fidelity: told without work, as an earlier search had measured them
    stages: Mapping[Fidelity, StageView]  # those that have begun, in the order in which a search comes to them


class SearchView(BaseModel):
    """One search, whole."""

    id: str
    name: str
    status: Status
    owner: str
    priority: int  # among the searches of one owner; higher first
    labels: tuple[str, ...]
    notes: str
    extends: str | None  # the search whose measurements this one starts with
    version: str
    spec: Mapping[str, Any]
    genes: tuple[str, ...]  # a name for each gene; empty where the backbone is not registered here
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int  # claims since the last told candidate
    cancel_requested: bool
    pause_requested: bool
    queue_position: int | None  # about how many searches start before it; null unless queued
    starts_in_seconds: float | None  # about; null unless queued, and as long as nobody can tell
    workers: int  # wanted, as the spec says or as resized since
    progress: ProgressView
    best: CandidateView | None  # within the bounds, by proxy score
    front_size: int
    eta_seconds: float | None  # to the end, while it runs; null as long as nobody can tell
    utilisation: float | None  # 0 to 1, once finished
    chosen: int | None  # index of the winner, once succeeded
    stopped_by: str | None  # the key of the spec whose bound ended the search; null where it ended by itself
    fidelity: Mapping[str, Any] | None  # how far its cheap scores can be trusted, once succeeded
    error: str | None
    artifacts_deleted_at: datetime | None
    dashboard: str | None  # a page of Ray's dashboard, where the installation has one


class BackboneView(BaseModel):
    """A registered backbone; `error` where its folder cannot be read."""

    name: str
    format: str | None = None  # of its folder: which kind of network it is
    hidden_size: int | None = None
    image_size: int | None = None  # pixels
    patch_size: int | None = None  # pixels
    sub_layers: tuple[str, ...] = ()  # in gene order
    error: str | None = None


class DataView(BaseModel):
    """A registered data set."""

    name: str
    embedded: bool  # it ships with the service


class ForegroundView(BaseModel):
    """A registered foreground provider; `error` where its folder does not say what it costs."""

    name: str
    macs: int | None = None  # per image
    parameters: int | None = None
    error: str | None = None


class TaskView(BaseModel):
    """A downstream task."""

    name: str


class AlgorithmView(BaseModel):
    """A search algorithm and the JSON schema of its settings, defaults included."""

    name: str
    description: str
    settings: Mapping[str, Any]


class Health(BaseModel):
    """The process, or the database behind it, works."""

    status: str = "ok"
