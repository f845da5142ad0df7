"""`Searches`: rows of searches, from submission to the request to stop."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from search.spec import SearchSpec
from service.database import reading, writing
from service.records import Search, SearchFinishedError, SearchNotFoundError, Status
from service.search_end import end_search
from service.search_id import is_id, new_id
from service.tables import SearchRow

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


def from_row(row: SearchRow) -> Search:
    """The frozen value of a row."""
    return Search(
        id=row.id,
        name=row.name,
        status=Status(row.status),
        spec=row.spec,
        version=row.version,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        attempts=row.attempts,
        cancel_requested=row.cancel_requested,
        slots=row.slots,
        error=row.error,
        result=row.result,
    )


class Searches:
    """What clients do: submit, look, and ask to stop."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def create(self, spec: SearchSpec, version: str) -> Search:
        """Queue a search; `version` is the package's, stored so that a replay can say what changed."""
        now = self._clock()
        row = SearchRow(
            id=new_id(now),
            name=spec.name,
            status=Status.QUEUED,
            spec=spec.model_dump(mode="json"),
            version=version,
            created_at=now,
            attempts=0,
            cancel_requested=False,
        )
        with writing(self._engine) as session:
            session.add(row)
            session.flush()
            return from_row(row)

    def get(self, search_id: str) -> Search:
        """One search.

        Raises:
            SearchNotFoundError: there is none of that id.
        """
        with reading(self._engine) as session:
            return from_row(_existing(session, search_id))

    def page(self, *, after: str | None = None, limit: int = 50, status: Status | None = None) -> Sequence[Search]:
        """Newest first: the `limit` searches that are older than the one of id `after`."""
        query = select(SearchRow).order_by(SearchRow.id.desc()).limit(limit)
        if after is not None:
            query = query.where(SearchRow.id < after)
        if status is not None:
            query = query.where(SearchRow.status == status)
        with reading(self._engine) as session:
            return [from_row(row) for row in session.scalars(query)]

    def queue_position(self, search_id: str) -> int | None:
        """How many queued searches will be claimed before this one; None unless it is queued."""
        ahead = select(func.count()).where(SearchRow.status == Status.QUEUED, SearchRow.id < search_id)
        with reading(self._engine) as session:
            queued = _existing(session, search_id).status == Status.QUEUED
            return session.scalars(ahead).one() if queued else None

    def request_cancel(self, search_id: str) -> Search:
        """End a queued search at once, ask the driver of a running one to stop; asking twice changes nothing.

        Raises:
            SearchNotFoundError: there is none of that id.
            SearchFinishedError: it ended otherwise.
        """
        with writing(self._engine) as session:
            row = _existing(session, search_id, lock=True)
            if Status(row.status).finished and row.status != Status.CANCELLED:
                raise SearchFinishedError(f"search {search_id} has {row.status} already and cannot be cancelled")
            if row.status in (Status.QUEUED, Status.PAUSED):
                end_search(session, row, Status.CANCELLED, now=self._clock())
            row.cancel_requested = True
            session.flush()
            return from_row(row)

    def resize(self, search_id: str, workers: int) -> Search:
        """Want `workers` from now on; a running search follows as its workers come free.

        Raises:
            SearchNotFoundError: there is none of that id.
            SearchFinishedError: it has ended.
        """
        with writing(self._engine) as session:
            row = _existing(session, search_id, lock=True)
            if Status(row.status).finished:
                raise SearchFinishedError(f"search {search_id} has {row.status} already and needs no workers")
            row.slots = workers
            session.flush()
            return from_row(row)


def _existing(session: Session, search_id: str, *, lock: bool = False) -> SearchRow:
    # the form is checked first: PostgreSQL refuses some characters with an error instead of an empty answer
    row = session.get(SearchRow, search_id, with_for_update=lock or None) if is_id(search_id) else None
    if row is None:
        raise SearchNotFoundError(f"there is no search '{search_id}'")
    return row
