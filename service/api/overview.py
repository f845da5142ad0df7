"""`overview`: one search as a client sees it, computed from its rows."""

from collections.abc import Sequence
from dataclasses import asdict

from search.contracts import Failure, Fidelity
from search.ledger import Measured
from search.ranking import pareto_front
from search.spec import Objective
from service.api.chromosomes import Chromosomes
from service.api.estimate import NONE, Plan, eta_seconds
from service.api.ray_dashboard import ray_dashboard_link
from service.api.schemas import CandidateView, ProgressView, SearchView, StageView
from service.api.services import Services
from service.domain.records import Progress, Search, Status, StoredCandidate

IN_ORDER = (
    *(Fidelity.WARM, Fidelity.PROBE, Fidelity.SCREEN, Fidelity.RUNG_1, Fidelity.RUNG_2, Fidelity.RUNG_3),
    *(Fidelity.PROXY, Fidelity.AUDIT, Fidelity.FINAL, Fidelity.PLAIN, Fidelity.TEST),
)
"""The stages as a search comes to them."""


def front(search: Search, services: Services, known: Chromosomes) -> Sequence[StoredCandidate]:
    """The best within the bounds by proxy score, best first: no other fidelity's scores compare with these."""
    if search.front is not None:
        return services.store.candidates.named(search.id, search.front)
    return _computed_front(search, services, known)


def _computed_front(search: Search, services: Services, known: Chromosomes) -> Sequence[StoredCandidate]:
    """The front of a search that nobody has driven since fronts are written down."""
    stored = {each.candidate.index: each for each in services.store.candidates.measured(search.id, Fidelity.PROXY)}
    measured = [
        Measured(each.candidate, each.outcome)
        for each in stored.values()
        if each.outcome is not None and not isinstance(each.outcome, Failure) and known.affordable(each.outcome)
    ]
    return [stored[each.index] for each in pareto_front(measured, _objectives(search))]


def _best(search: Search, services: Services, known: Chromosomes) -> tuple[CandidateView | None, int]:
    """The first of the front, and how many there are; of a long one only that one is read."""
    written = search.front
    if written is None:
        found = _computed_front(search, services, known)
        length = len(found)
    else:
        found, length = services.store.candidates.named(search.id, written[:1]), len(written)
    return (CandidateView.of(found[0], known.decode(found[0].candidate.genome)) if found else None), length


def overview(search: Search, services: Services) -> SearchView:
    """Everything about one search but its candidates."""
    store, known = services.store, Chromosomes.of(search, services)
    progress = store.candidates.progress([search.id])[search.id]
    best, front_size = _best(search, services, known)
    running = search.status is Status.RUNNING
    place = services.slots.place(search, store)
    result, workers = search.result or {}, search.slots or int(search.spec["workers"])
    return SearchView(
        id=search.id,
        name=search.name,
        status=search.status,
        owner=search.owner,
        priority=search.priority,
        labels=search.labels,
        notes=search.notes,
        extends=search.extends,
        version=search.version,
        spec=search.spec,
        genes=known.genes,
        created_at=search.created_at,
        started_at=search.started_at,
        finished_at=search.finished_at,
        attempts=search.attempts,
        cancel_requested=search.cancel_requested,
        pause_requested=search.pause_requested,
        queue_position=place.position,
        starts_in_seconds=place.starts_in_seconds,
        workers=workers,
        progress=_progress(search, progress),
        best=best,
        front_size=front_size,
        eta_seconds=eta_seconds(search.spec, progress, workers=workers) if running else None,
        utilisation=result.get("utilisation", {}).get("share"),
        chosen=result.get("chosen"),
        stopped_by=result.get("stopped_by"),
        fidelity=result.get("fidelity"),
        error=search.error,
        artifacts_deleted_at=search.artifacts_deleted_at,
        dashboard=ray_dashboard_link(services.settings, search),
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
        reused=sum(each.reused for each in progress.values()),
        stages={stage: StageView(**asdict(progress[stage])) for stage in IN_ORDER if stage in progress},
    )
