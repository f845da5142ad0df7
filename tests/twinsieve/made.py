"""Searches that ended, made in the store: what a driver and its workers would have left."""

from search.contracts import Candidate, Failure, Fidelity
from service.api.services import Services
from service.domain.records import Lease, Status

WINNER = (1, 0) * 4
MEASURED = {"accuracy": 0.75, "macs": 5e5, "parameters": 1234.0}
WEIGHTS = b"weights" * 1000


def genome(index: int) -> tuple[int, ...]:
    """Another one for each index below 256; the first is the winner's."""
    return tuple((index ^ 0b01010101) >> gene & 1 for gene in range(8))


def claimed(services: Services) -> Lease:
    """The search whose turn it is."""
    lease = services.store.leases.claim()
    assert lease is not None
    return lease


def measured(services: Services, lease: Lease, count: int) -> None:
    """So many candidates of a claimed search; every fifth diverged."""
    for index in range(count):
        services.store.candidates.record_ask(lease, Candidate(index, genome(index)), index)
        outcome = Failure("diverged") if index % 5 == 4 else MEASURED | {"accuracy": 0.75 - index / 1000}
        services.store.candidates.record_tell(lease, index, outcome, 1.5)


def succeeded(services: Services, *, candidates: int = 3) -> str:
    """The id of the search whose turn it was: with candidates, a final, and a model."""
    lease = claimed(services)
    measured(services, lease, candidates)
    services.store.candidates.record_ask(lease, Candidate(candidates, WINNER, Fidelity.FINAL), candidates)
    services.store.candidates.record_tell(lease, candidates, MEASURED, 9.0)
    folder = services.artifacts / lease.search_id / "models" / "best"
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(WEIGHTS)
    result = {"chosen": candidates, "artifact": "models/best"}
    services.store.leases.finish(lease, Status.SUCCEEDED, result=result)
    return lease.search_id
