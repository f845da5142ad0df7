"""`overview`: one search as a client sees it, computed from its rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.registry import BackboneRegistry
from search.build import build_space
from search.contracts import Failure, Fidelity, Genome
from search.ledger import Measured
from search.ranking import pareto_front
from search.spec import Objective, parse_spec
from service.api.schemas import CandidateView, ProgressView, SearchView
from service.records import FidelityProgress, Progress, Search, Status, StoredCandidate
from service.store import Store

Decode = Callable[[Genome], Mapping[str, Any] | None]
NONE = FidelityProgress()


def decoder(search: Search, registry: BackboneRegistry) -> Decode:
    """From a genome of `search` to its architecture as JSON; to None where its spec or backbone is not known here."""
    try:
        spec = parse_spec(search.spec)
        space = build_space(spec, registry.get(spec.backbone))
    except ValueError:  # an unreadable folder, an unknown name, a spec of another version: the rows still stand
        return lambda _genome: None
    return lambda genome: space.decode(genome).to_json()


def front(search: Search, store: Store) -> Sequence[StoredCandidate]:
    """The best by proxy score, best first: scores of other fidelities are not comparable with these."""
    stored = {each.candidate.index: each for each in store.candidates.measured(search.id, Fidelity.PROXY)}
    measured = [
        Measured(each.candidate, each.outcome)
        for each in stored.values()
        if each.outcome is not None and not isinstance(each.outcome, Failure)
    ]
    return [stored[each.index] for each in pareto_front(measured, _objectives(search))]


def overview(search: Search, store: Store, registry: BackboneRegistry) -> SearchView:
    """Everything about one search but its candidates."""
    progress = store.candidates.progress([search.id])[search.id]
    best = front(search, store)
    decode = decoder(search, registry)
    result = search.result or {}
    return SearchView(
        id=search.id,
        name=search.name,
        status=search.status,
        version=search.version,
        spec=search.spec,
        created_at=search.created_at,
        started_at=search.started_at,
        finished_at=search.finished_at,
        attempts=search.attempts,
        cancel_requested=search.cancel_requested,
        queue_position=store.searches.queue_position(search.id) if search.status is Status.QUEUED else None,
        progress=_progress(search, progress),
        best=CandidateView.of(best[0], decode(best[0].candidate.genome)) if best else None,
        front_size=len(best),
        eta_seconds=_eta_seconds(search, progress),
        utilisation=result.get("utilisation", {}).get("share"),
        chosen=result.get("chosen"),
        error=search.error,
    )


def _objectives(search: Search) -> list[Objective]:
    return [Objective(name) for name in search.spec["objectives"]]


def _progress(search: Search, progress: Progress) -> ProgressView:
    return ProgressView(
        told=progress.get(Fidelity.PROXY, NONE).told,
        budget=search.spec["budget"]["candidates"],
        failures=sum(each.failed for each in progress.values()),
        finals=progress.get(Fidelity.FINAL, NONE).told,
    )


def _eta_seconds(search: Search, progress: Progress) -> float | None:
    """What is left at the mean speed so far: proxies as measured, finals by their steps, over all worker slots."""
    proxy, spec = progress.get(Fidelity.PROXY, NONE), search.spec
    if search.status is not Status.RUNNING or not proxy.seconds or proxy.told == proxy.failed:
        return None
    proxy_seconds: float = proxy.seconds / (proxy.told - proxy.failed)
    final_seconds: float = proxy_seconds * spec["final"]["steps"] / max(1, spec["proxy"]["steps"])
    proxies: int = max(0, spec["budget"]["candidates"] - proxy.told)
    finals: int = max(0, 1 + spec["final"]["finalists"] - progress.get(Fidelity.FINAL, NONE).told)
    return (proxies * proxy_seconds + finals * final_seconds) / int(spec["workers"])
