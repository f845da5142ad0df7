"""`overview`: one search as a client sees it, computed from its rows."""

from collections.abc import Sequence

from search.contracts import Failure, Fidelity
from search.ledger import Measured
from search.ranking import pareto_front
from search.spec import Objective
from service.api.chromosomes import Chromosomes
from service.api.estimate import NONE, Plan, eta_seconds
from service.api.schemas import CandidateView, ProgressView, SearchView
from service.api.services import Services
from service.records import Progress, Search, Status, StoredCandidate


def front(search: Search, services: Services, known: Chromosomes) -> Sequence[StoredCandidate]:
    """The best within the MACs budget by proxy score, best first: no other fidelity's scores compare with these."""
    stored = {each.candidate.index: each for each in services.store.candidates.measured(search.id, Fidelity.PROXY)}
    measured = [
        Measured(each.candidate, each.outcome)
        for each in stored.values()
        if each.outcome is not None and not isinstance(each.outcome, Failure) and known.affordable(each.outcome)
    ]
    return [stored[each.index] for each in pareto_front(measured, _objectives(search))]


def overview(search: Search, services: Services) -> SearchView:
    """Everything about one search but its candidates."""
    store, known = services.store, Chromosomes.of(search, services)
    progress = store.candidates.progress([search.id])[search.id]
    best = front(search, services, known)
    result = search.result or {}
    return SearchView(
        id=search.id,
        name=search.name,
        status=search.status,
        version=search.version,
        spec=search.spec,
        genes=known.genes,
        created_at=search.created_at,
        started_at=search.started_at,
        finished_at=search.finished_at,
        attempts=search.attempts,
        cancel_requested=search.cancel_requested,
        queue_position=store.searches.queue_position(search.id) if search.status is Status.QUEUED else None,
        progress=_progress(search, progress),
        best=CandidateView.of(best[0], known.decode(best[0].candidate.genome)) if best else None,
        front_size=len(best),
        eta_seconds=eta_seconds(search.spec, progress) if search.status is Status.RUNNING else None,
        utilisation=result.get("utilisation", {}).get("share"),
        chosen=result.get("chosen"),
        error=search.error,
    )


def _objectives(search: Search) -> list[Objective]:
    return [Objective(name) for name in search.spec["objectives"]]


def _progress(search: Search, progress: Progress) -> ProgressView:
    plan, looks = Plan.of(search.spec), progress.get(Fidelity.PROBE, NONE)
    return ProgressView(
        told=progress.get(Fidelity.PROXY, NONE).told,
        budget=plan.proxies,
        failures=sum(each.failed for each in progress.values()),
        finals=progress.get(Fidelity.FINAL, NONE).told,
        finals_budget=plan.finals,
        probe=None if not looks.asked else looks.told == looks.asked,
    )
