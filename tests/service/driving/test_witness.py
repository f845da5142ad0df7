"""What a runner tells beside outcomes is kept: whose they are, and in which Ray job the work is done."""

from search.contracts import Failure, SearchAlgorithm
from service.domain.records import Hold, Status
from service.driving.recorded import Recorded
from service.searches.store import Store
from service.storage.database import reading
from service.storage.tables import CandidateRow
from tests.service.conftest import Clock
from tests.service.driving.test_recorded import claimed_again, recorded
from tests.service.toys import claim_new
from workers.witness import Witness

JOB = "02000000"


def test_a_recorded_search_is_a_witness(store: Store) -> None:
    found: SearchAlgorithm = recorded(store, claim_new(store))
    assert isinstance(found, Witness)


def test_outcomes_are_credited_also_where_they_are_failures(store: Store) -> None:
    lease = claim_new(store)
    search = recorded(store, lease)
    search.ask()
    search.ask()
    search.credit(0, "node/0", 2.5)
    search.tell(0, {"accuracy": 0.5, "seconds": 2.0})
    search.credit(1, "n" * 200, 0.25)
    search.tell(1, Failure("diverged: loss is nan"))
    search.ask()
    search.tell(2, {"accuracy": 0.5, "seconds": 2.0})
    with reading(store.engine) as session:
        rows = [session.get(CandidateRow, (lease.search_id, index)) for index in range(3)]
        found = [(row.worker, row.busy_seconds, row.seconds) for row in rows if row is not None]
    assert found == [("node/0", 2.5, 2.0), ("n" * 128, 0.25, None), (None, None, 2.0)]


def test_the_job_is_known_before_the_end_and_after_it(store: Store) -> None:
    lease = claim_new(store)
    recorded(store, lease).works_as(JOB)
    assert store.searches.get(lease.search_id).result == {"ray_job": JOB}
    store.leases.finish(lease, Status.SUCCEEDED, result={"chosen": 3})
    assert store.searches.get(lease.search_id).result == {"ray_job": JOB, "chosen": 3}


def test_the_last_driver_says_which_job_it_is(store: Store, clock: Clock) -> None:
    lease = claim_new(store)
    first: Recorded = recorded(store, lease)
    first.works_as(JOB)
    again = claimed_again(store, clock)
    recorded(store, again).works_as("03000000")
    first.works_as("04000000")
    assert first.hold is Hold.LOST
    assert store.searches.get(lease.search_id).result == {"ray_job": "03000000"}
    store.leases.finish(again, Status.FAILED, error="boom")
    assert store.searches.get(lease.search_id).result == {"ray_job": "03000000"}
