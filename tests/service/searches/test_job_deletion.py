"""Deleting ended searches and what they exported, and changes of searches that are not there."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, func, select

from search.contracts import Candidate
from service.domain.action import Action
from service.domain.person import Caller, Role
from service.domain.records import (
    SearchNotFoundError,
    SearchUnfinishedError,
    Status,
)
from service.searches.store import Store
from service.storage.database import reading
from service.storage.tables import CandidateRow, StageCountRow
from tests.service.conftest import Clock
from tests.service.toys import claim_new

BOB = Caller("bob", Role.MEMBER, "k2")


def actions(store: Store, search_id: str) -> list[Action]:
    return [each.action for each in store.journal.of_search(search_id)]


class TestDeletion:
    def test_all_but_the_journal_goes(self, store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("service.searches.search_deletion.PORTION", 2)
        lease = claim_new(store)
        for index in range(5):
            store.candidates.record_ask(lease, Candidate(index, (index,)), 0)
        with pytest.raises(SearchUnfinishedError, match="status running"):
            store.searches.delete(lease.search_id)
        store.leases.finish(lease, Status.CANCELLED)
        store.searches.delete(lease.search_id, BOB)
        with pytest.raises(SearchNotFoundError):
            store.searches.get(lease.search_id)
        with reading(engine) as session:
            for table in (CandidateRow, StageCountRow):
                counted = select(func.count()).select_from(table).where(table.search_id == lease.search_id)
                assert session.scalars(counted).one() == 0
        last = store.journal.of_search(lease.search_id)[-1]
        assert (last.action, last.actor) == (Action.DELETED, "bob/k2")

    def test_of_artifacts(self, store: Store, clock: Clock) -> None:
        lease = claim_new(store)
        with pytest.raises(SearchUnfinishedError):
            store.searches.artifacts_deleted(lease.search_id)
        store.leases.finish(lease, Status.SUCCEEDED)
        for _ in range(2):
            assert store.searches.artifacts_deleted(lease.search_id).artifacts_deleted_at == clock.now
        assert actions(store, lease.search_id).count(Action.ARTIFACTS_DELETED) == 1


@pytest.mark.parametrize("change", ["request_cancel", "request_pause", "resume", "artifacts_deleted", "delete"])
@pytest.mark.parametrize("search_id", ["0" * 26, "\0"])
def test_no_such_search(store: Store, change: str, search_id: str) -> None:
    method: Callable[[str], object] = getattr(store.searches, change)
    with pytest.raises(SearchNotFoundError):
        method(search_id)
