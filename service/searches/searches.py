"""`Searches`: rows of searches, from submission to deletion, as far as clients bring them about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from search.spec import SearchSpec
from service.domain.action import Action
from service.domain.person import Caller
from service.domain.records import Change, Idempotency, Search, SearchFinishedError, Status
from service.domain.search_id import new_id
from service.events.journal import enter
from service.people.quotas import Quotas
from service.searches.labels import file_under
from service.searches.pauses import paused_for
from service.searches.queue import Queue
from service.searches.search_deletion import delete_search
from service.searches.search_end import end_search
from service.searches.search_list import SearchPage, Selection, page
from service.searches.search_row import existing, finished, from_row
from service.searches.submission import reserve, submitted
from service.storage.clock import Clock, utc_now
from service.storage.database import reading, writing
from service.storage.tables import SearchRow

LOCAL_CALLER = Caller.local()


class Searches:
    """What clients do: submit, look, change, and ask to stop. The journal tells every change and who made it."""

    def __init__(self, engine: Engine, clock: Clock = utc_now, *, quotas: Quotas | None = None) -> None:
        """Without `quotas` every owner may submit as much as they like."""
        self._engine = engine
        self._clock = clock
        self._quotas = quotas or Quotas(engine, clock)
        self._queue = Queue(self._quotas)

    def create(
        self,
        spec: SearchSpec,
        version: str,
        *,
        caller: Caller = LOCAL_CALLER,
        idempotency: Idempotency | None = None,
        extends: str | None = None,
        labels: Sequence[str] = (),
        notes: str = "",
        priority: int = 0,
    ) -> Search:
        """Queue a search; `version` is the package's, stored so that a replay can say what changed.

        What came under the same `idempotency` key before is not queued again: the search of that time is the answer.

        Raises:
            IdempotencyConflictError: something else came under that key.
            QuotaExceededError: the caller has as much as they may have.
        """
        row = self._new_row(spec, caller)
        row.version, row.extends = version, extends
        row.labels, row.notes, row.priority = list(labels), notes, priority
        if idempotency is None:
            return self._add(row, spec, caller)
        if (earlier := self.submitted(caller, idempotency)) is not None:
            return earlier
        try:
            return self._add(row, spec, caller, idempotency)
        except IntegrityError:
            if (earlier := self.submitted(caller, idempotency)) is None:  # it was not that both came at once
                raise
            return earlier

    def submitted(self, caller: Caller, idempotency: Idempotency) -> Search | None:
        """What the caller submitted under this key; None if nothing.

        Raises:
            IdempotencyConflictError: something else came under that key.
        """
        with reading(self._engine) as session:
            return submitted(session, caller.owner, idempotency)

    def get(self, search_id: str) -> Search:
        """One search.

        Raises:
            SearchNotFoundError: there is none of that id.
        """
        with reading(self._engine) as session:
            return from_row(existing(session, search_id))

    def began(self, search_id: str) -> datetime:
        """When it would have begun had nobody ever paused it; from then on its wall time counts.

        Raises:
            SearchNotFoundError: there is none of that id.
        """
        with reading(self._engine) as session:
            row = existing(session, search_id)
            return (row.started_at or self._clock()) + paused_for(session, search_id)

    def page(
        self,
        *,
        after: str | None = None,
        limit: int = 50,
        status: Status | None = None,
        owner: str | None = None,
    ) -> Sequence[Search]:
        """Newest first: the `limit` searches that are older than the one of id `after`."""
        return self.selected(Selection(status=status, owner=owner), after=after, limit=limit).items

    def selected(self, selection: Selection, *, after: str | None = None, limit: int = 50) -> SearchPage:
        """As `page`, also by label, and with what the next page begins with."""
        with reading(self._engine) as session:
            return page(session, selection, after=after, limit=limit)

    def queue_position(self, search_id: str) -> int | None:
        """About how many searches will be claimed before this one; None unless it is queued."""
        with reading(self._engine) as session:
            row = existing(session, search_id)
            return self._queue.ahead(session, row, self._clock()) if row.status == Status.QUEUED else None

    def request_cancel(self, search_id: str, caller: Caller = LOCAL_CALLER) -> Search:
        """End a search that waits at once, ask the driver of a running one to stop; asking twice changes nothing.

        Raises:
            SearchNotFoundError: there is none of that id.
            SearchFinishedError: it ended otherwise.
        """
        with writing(self._engine) as session:
            row = existing(session, search_id, lock=True)
            if row.status == Status.CANCELLED:
                return from_row(row)
            _require_unfinished(row, "cannot be cancelled")
            if row.status != Status.RUNNING:
                end_search(session, row, Status.CANCELLED, now=self._clock(), actor=caller.name)
            elif not row.cancel_requested:
                self._enter(session, Action.CANCEL_REQUESTED, row, caller)
            row.cancel_requested = True
            return from_row(row)

    def request_pause(self, search_id: str, caller: Caller = LOCAL_CALLER) -> Search:
        """Take a queued search out of the queue at once, ask the driver of a running one for a break.

        Raises:
            SearchNotFoundError: there is none of that id.
            SearchFinishedError: it has ended.
        """
        with writing(self._engine) as session:
            row = existing(session, search_id, lock=True)
            _require_unfinished(row, "cannot be paused")
            if row.status == Status.QUEUED:
                row.status = Status.PAUSED
                self._enter(session, Action.PAUSED, row, caller)
            elif row.status == Status.RUNNING and not row.pause_requested:
                row.pause_requested = True
                self._enter(session, Action.PAUSE_REQUESTED, row, caller)
            return from_row(row)

    def resume(self, search_id: str, caller: Caller = LOCAL_CALLER) -> Search:
        """Queue a paused search again, or let a running one go on whose driver did not stop yet.

        Raises:
            SearchNotFoundError: there is none of that id.
            SearchFinishedError: it has ended.
        """
        with writing(self._engine) as session:
            row = existing(session, search_id, lock=True)
            _require_unfinished(row, "cannot be resumed")
            if row.status == Status.PAUSED or row.pause_requested:
                self._enter(session, Action.RESUMED, row, caller)
            if row.status == Status.PAUSED:
                row.status, row.attempts = Status.QUEUED, 0
            row.pause_requested = False
            return from_row(row)

    def resize(self, search_id: str, workers: int) -> Search:
        """Want `workers` from now on; a running search follows as its workers come free.

        Raises:
            SearchNotFoundError: there is none of that id.
            SearchFinishedError: it has ended.
        """
        return self.change(search_id, Change(workers=workers))

    def change(self, search_id: str, change: Change, caller: Caller = LOCAL_CALLER) -> Search:
        """Another number of workers or priority, as long as it has not ended; other labels or notes at any time.

        Raises:
            SearchNotFoundError: there is none of that id.
            SearchFinishedError: it has ended.
        """
        with writing(self._engine) as session:
            row = existing(session, search_id, lock=True)
            if change.workers is not None and change.workers != row.slots:
                _require_unfinished(row, "needs no workers")
                row.slots = change.workers
                self._enter(session, Action.RESIZED, row, caller, workers=change.workers)
            if change.priority is not None and change.priority != row.priority:
                _require_unfinished(row, "needs no priority")
            if changed := _apply(row, change):
                file_under(session, row)
                self._enter(session, Action.CHANGED, row, caller, **changed)
            return from_row(row)

    def artifacts_deleted(self, search_id: str, caller: Caller = LOCAL_CALLER) -> Search:
        """What it exported is there no more.

        Raises:
            SearchNotFoundError: there is none of that id.
            SearchUnfinishedError: it has not ended.
        """
        with writing(self._engine) as session:
            row = finished(session, search_id)
            if row.artifacts_deleted_at is None:
                row.artifacts_deleted_at = self._clock()
                self._enter(session, Action.ARTIFACTS_DELETED, row, caller)
            return from_row(row)

    def delete(self, search_id: str, caller: Caller = LOCAL_CALLER) -> None:
        """Forget a search and its candidates; what other searches took over from it stays theirs.

        Raises:
            SearchNotFoundError: there is none of that id.
            SearchUnfinishedError: it has not ended.
        """
        delete_search(self._engine, search_id, at=self._clock(), actor=caller.name)

    def _new_row(self, spec: SearchSpec, caller: Caller) -> SearchRow:
        now = self._clock()
        return SearchRow(
            id=new_id(now),
            name=spec.name,
            status=Status.QUEUED,
            spec=spec.model_dump(mode="json"),
            created_at=now,
            attempts=0,
            cancel_requested=False,
            pause_requested=False,
            owner=caller.owner,
        )

    def _add(self, row: SearchRow, spec: SearchSpec, caller: Caller, idempotency: Idempotency | None = None) -> Search:
        with writing(self._engine) as session:
            if idempotency is not None:
                reserve(session, row, idempotency)
            self._quotas.require_room(session, row.owner, spec)
            session.add(row)
            file_under(session, row)
            detail = {} if row.extends is None else {"extends": row.extends}
            self._enter(session, Action.SUBMITTED, row, caller, name=row.name, **detail)
            session.flush()
            return from_row(row)

    def _enter(self, session: Session, action: Action, row: SearchRow, caller: Caller, **detail: Any) -> None:  # noqa: ANN401 - JSON
        at, actor = self._clock(), caller.name
        enter(session, action, at=at, actor=actor, search_id=row.id, owner=row.owner, detail=detail)


def _require_unfinished(row: SearchRow, why: str) -> None:
    if Status(row.status).finished:
        raise SearchFinishedError(f"search {row.id} has {row.status} already and {why}")


def _apply(row: SearchRow, change: Change) -> dict[str, Any]:
    """What of labels, notes and priority is other than before; of notes only that they are, as they may be long."""
    changed = dict[str, Any]()
    if change.priority is not None and change.priority != row.priority:
        row.priority = changed["priority"] = change.priority
    if change.labels is not None and list(change.labels) != row.labels:
        row.labels = changed["labels"] = list(change.labels)
    if change.notes is not None and change.notes != row.notes:
        row.notes, changed["notes"] = change.notes, True
    return changed
