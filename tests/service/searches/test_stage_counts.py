"""What is counted along with the rows is what somebody would count in them, whatever happened."""

import random
from collections import Counter
from collections.abc import Mapping

import pytest
from sqlalchemy import select

from search.contracts import Candidate, Failure, Fidelity
from service.domain.records import Credit, FidelityProgress, Lease, Status
from service.searches.store import Store
from service.storage.database import reading
from service.storage.tables import CandidateRow
from tests.service.toys import claim_new

STAGES = (Fidelity.SCREEN, Fidelity.PROXY, Fidelity.FINAL)


def counted(store: Store, search_id: str) -> dict[Fidelity, FidelityProgress]:
    """By looking at every candidate."""
    found = dict[Fidelity, Counter[str]]()
    busy = _busy(store, search_id)
    for each in store.candidates.history(search_id):
        numbers = found.setdefault(each.candidate.fidelity, Counter())
        numbers["asked"] += 1
        numbers["told"] += each.outcome is not None
        numbers["failed"] += isinstance(each.outcome, Failure)
        numbers["reused"] += each.reused_from is not None
        numbers["seconds"] += int(each.seconds or 0)
        numbers["busy_seconds"] += busy[each.candidate.index]
    return {stage: FidelityProgress(**numbers) for stage, numbers in found.items()}


def _busy(store: Store, search_id: str) -> Mapping[int, int]:
    """Seconds of workers by candidate: as their worker says, else as a measurement of the search's own does."""
    with reading(store.engine) as session:
        rows = session.scalars(select(CandidateRow).where(CandidateRow.search_id == search_id)).all()
        said = {row.index: row.seconds if row.busy_seconds is None else row.busy_seconds for row in rows}
        own = {row.index for row in rows if row.reused_from is None}
    return {index: int(seconds or 0) if index in own else 0 for index, seconds in said.items()}


def use(store: Store, lease: Lease, rng: random.Random) -> None:
    """Asks of all stages, of which some are told, in any order, some of them twice."""
    asked = [Candidate(index, (index,), rng.choice(STAGES)) for index in range(40)]
    for each in asked:
        store.candidates.record_ask(lease, each, 0)
    for each in rng.choices(asked, k=30):
        outcome = Failure("diverged") if rng.random() < 0.3 else {"accuracy": 0.5}
        reused = None if isinstance(outcome, Failure) or rng.random() < 0.7 else "0" * 26
        seconds = None if isinstance(outcome, Failure) else float(rng.randrange(5))
        credit = None if reused or rng.random() < 0.3 else Credit("host/0", float(rng.randrange(1, 5)))
        store.candidates.record_tell(lease, each.index, outcome, seconds, reused_from=reused, credit=credit)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("end", [None, "finish", "cancel", "hopeless"])
def test_counts_are_those_of_the_rows(store: Store, seed: int, end: str | None) -> None:
    lease = claim_new(store)
    use(store, lease, random.Random(seed))
    if end == "finish":
        store.leases.finish(lease, Status.FAILED, error="why")
    elif end == "cancel":
        store.leases.release(lease)
        store.searches.request_cancel(lease.search_id)
    elif end == "hopeless":
        store.searches.request_cancel(lease.search_id)
        store.leases.abandon(lease, "killed")
    expected = counted(store, lease.search_id)
    assert store.candidates.progress([lease.search_id]) == {lease.search_id: expected}
    assert all(each.told == each.asked for each in expected.values()) is (end is not None)
    if end is None:
        store.candidates.recount(lease)
        assert store.candidates.progress([lease.search_id]) == {lease.search_id: expected}


def test_each_search_has_its_own(store: Store) -> None:
    first, second = claim_new(store), claim_new(store)
    store.candidates.record_ask(first, Candidate(0, (0,)), 0)
    progress = store.candidates.progress([first.search_id, second.search_id, "0" * 26])
    assert progress == {first.search_id: {Fidelity.PROXY: FidelityProgress(1)}, second.search_id: {}, "0" * 26: {}}


def test_an_ask_that_is_refused_counts_nothing(store: Store) -> None:
    lease = claim_new(store)
    store.candidates.record_ask(lease, Candidate(0, (0,)), 0)
    store.candidates.record_ask(lease, Candidate(0, (0,)), 0)  # the very same, as after an answer that was lost
    with pytest.raises(ValueError, match="asked before"):
        store.candidates.record_ask(lease, Candidate(1, (0,)), 0)
    assert store.candidates.progress([lease.search_id])[lease.search_id] == {Fidelity.PROXY: FidelityProgress(1)}
