"""`Retention`: how long what searches exported is kept, and how it goes, alone or with its search."""

import logging
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import InterfaceError, OperationalError

from service.domain.person import Caller, Role
from service.domain.records import Search, SearchNotFoundError
from service.domain.search_id import is_id
from service.driving.old_searches import artifacts_deleted, ended, exported_before, forget_deliveries, forget_keys
from service.events.journal import SERVICE
from service.searches.search_row import finished
from service.searches.searches import LOCAL_CALLER
from service.searches.store import Store
from service.storage.artifacts import Artifacts, ArtifactsError
from service.storage.database import reading, writing

logger = logging.getLogger(__name__)

SERVICE_CALLER = Caller(SERVICE, Role.ADMIN, None)
SWEEP_SECONDS = 3600.0
KEYS_KEPT = timedelta(days=30)
"""So long the same submission may be repeated under its idempotency key."""
DELIVERIES_KEPT = timedelta(days=30)
"""So long their owners see what became of requests to their webhooks."""
AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Deletes. Files go first and the row says so then: what is cut short is done by deleting again."""

    store: Store
    exports: Artifacts
    scratch: Path  # where drivers and workers of this machine write
    copied: bool  # `exports` is another place, to which a driver has copied what counts when its search ends
    keep: timedelta | None = None  # artifacts, after the end of their search; None: for ever

    def delete_artifacts(self, search_id: str, caller: Caller = LOCAL_CALLER) -> Search:
        """Delete what an ended search exported; again after it was cut short, or where there is nothing.

        Raises:
            SearchNotFoundError: there is no such search.
            SearchUnfinishedError: it has not ended.
            ArtifactsError: they cannot be deleted.
        """
        with reading(self.store.engine) as session:
            finished(session, search_id)
        self.exports.delete(search_id)
        shutil.rmtree(self.scratch / search_id, ignore_errors=True)
        return self.store.searches.artifacts_deleted(search_id, caller)

    def delete(self, search_id: str, caller: Caller = LOCAL_CALLER) -> None:
        """Delete an ended search with what it exported.

        Raises:
            SearchNotFoundError: there is no such search.
            SearchUnfinishedError: it has not ended.
            ArtifactsError: what it exported cannot be deleted.
        """
        self.delete_artifacts(search_id, caller)
        self.store.searches.delete(search_id, caller)

    def run(self, stop: threading.Event) -> None:
        """Sweep once an hour until `stop` is set."""
        while not stop.is_set():
            try:
                self.sweep()
            except (OperationalError, InterfaceError, ArtifactsError, OSError) as error:
                logger.warning("cannot delete what is old; trying again in an hour: %s", error)
            stop.wait(SWEEP_SECONDS)

    def sweep(self) -> None:
        """Delete what is too old: artifacts, keys of submissions, deliveries that are over, and copies of ours."""
        now = self.store.clock()
        with writing(self.store.engine) as session:
            forget_keys(session, before=now - KEYS_KEPT)
            forget_deliveries(session, before=now - DELIVERIES_KEPT)
        while due := self._due(now):
            for search_id in due:
                self._delete_if_there(search_id)
        for folder in self._own_folders():
            if self._is_done_with(folder.name):
                shutil.rmtree(folder, ignore_errors=True)

    def _due(self, now: datetime) -> Sequence[str]:
        if self.keep is None:
            return ()
        with reading(self.store.engine) as session:
            return exported_before(session, now - self.keep, limit=AT_ONCE)

    def _delete_if_there(self, search_id: str) -> None:
        try:
            self.delete_artifacts(search_id, SERVICE_CALLER)
        except SearchNotFoundError:
            logger.info("search %s was deleted meanwhile", search_id)

    def _own_folders(self) -> Sequence[Path]:
        if not self.scratch.is_dir():
            return ()
        return [each for each in self.scratch.iterdir() if is_id(each.name) and not each.is_symlink()]

    def _is_done_with(self, search_id: str) -> bool:
        with reading(self.store.engine) as session:
            return artifacts_deleted(session, search_id) or (self.copied and ended(session, search_id))
