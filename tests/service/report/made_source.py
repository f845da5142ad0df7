"""`made`: what a small search left, as values, without a database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from models.registry import BackboneRegistry
from search.build import build_space
from search.contracts import Candidate, Failure, Fidelity, Genome, Measurement, Outcome
from search.fidelity_report import FidelityReport
from search.spec import SearchSpec, parse_spec
from service.domain.records import Search, Status, StoredCandidate
from service.report.source import Source

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SPEC: Mapping[str, Any] = {
    "name": "made",
    "budget": {"candidates": 12},
    "algorithm": {"name": "genetic", "population": 6, "elitism": 2},
}
FULL = (1,) * 24
PROVENANCE = {
    "versions": {"twinsieve": "1.2.3", "torch": "2.13.0"},
    "backbone_sha256": "ab" * 32,
    "latency": "one example on the CPU, 1 thread(s), median",
}


def dropping(*genes: int) -> Genome:
    """The chromosome that drops these layers of 24."""
    return tuple(int(gene not in genes) for gene in range(24))


def scored(accuracy: float, macs: float, **more: float) -> Measurement:
    """What a worker says of a candidate; `macs` in millions."""
    return {"accuracy": accuracy, "macs": macs * 1e6, "parameters": 6e5, "seconds": 2.0, **more}


PROXIES: Sequence[tuple[Genome, Outcome]] = (
    (dropping(0, 1, 2, 3, 4, 5, 6, 7), scored(0.50, 10.0)),
    (dropping(0, 1, 2, 3, 4, 5, 6, 8), scored(0.60, 12.0)),
    (dropping(0, 1, 2, 3, 4, 5, 6, 9), Failure("out of memory: 24 GiB")),
    (dropping(0, 1, 2, 3, 4, 5, 6, 10), scored(0.40, 11.0)),
    (FULL, scored(0.90, 40.0)),  # beyond the bound on MACs
    (dropping(0, 1, 2, 3, 4, 5, 6, 11), scored(0.55, 10.5)),
    (dropping(0, 1, 2, 3, 4, 5, 6, 12), scored(0.65, 12.5)),
    (dropping(0, 1, 2, 3, 4, 5, 6, 13), scored(0.62, 11.5)),
    (dropping(0, 1, 2, 3, 4, 5, 6, 14), Failure("diverged: the loss is nan")),
    (dropping(0, 1, 2, 3, 4, 5, 6, 15), scored(0.70, 13.0)),
)
"""Of two generations: six, then four beside an elite of two."""

LATER: Sequence[tuple[Genome, Fidelity, Outcome]] = (
    *((genome, Fidelity.AUDIT, scored(0.75 + 0.01 * place, 12.0)) for place, (genome, _) in enumerate(PROXIES[5:8])),
    (FULL, Fidelity.PLAIN, scored(0.7000, 16.0, latency_ms=5.0)),
    (FULL, Fidelity.FINAL, scored(0.8000, 20.0)),
    (PROXIES[6][0], Fidelity.FINAL, scored(0.7700, 12.5)),
    (PROXIES[9][0], Fidelity.FINAL, scored(0.7800, 13.0)),
    (FULL, Fidelity.TEST, scored(0.7900, 20.0, latency_ms=6.0, tr_at_1=0.4)),
    (PROXIES[6][0], Fidelity.TEST, scored(0.7650, 12.5, latency_ms=4.0, tr_at_1=0.3)),
    (PROXIES[9][0], Fidelity.TEST, scored(0.7750, 13.0, latency_ms=4.5, tr_at_1=0.35)),
)
CHOSEN = 16  # the index of the second finalist's FINAL


def made(
    told: Sequence[tuple[Genome, Fidelity, Outcome]] | None = None,
    *,
    status: Status = Status.SUCCEEDED,
    spec: Mapping[str, Any] | None = None,
    known: bool = True,
    search: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Source:
    """The source of a search of the shipped ViLT; `known`: whether its backbone is; `search` replaces fields of it."""
    parsed = parse_spec({**SPEC, **(spec or {})})
    told = [*((genome, Fidelity.PROXY, outcome) for genome, outcome in PROXIES), *LATER] if told is None else told
    history = [_stored(index, *each) for index, each in enumerate(told)]
    space = build_space(parsed, BackboneRegistry().get(parsed.backbone))
    found = {
        "status": status,
        "started_at": BEGAN,
        "finished_at": BEGAN + timedelta(hours=2, minutes=5) if status.finished else None,
        "result": _result(history, parsed) if status is Status.SUCCEEDED else None,
        **(search or {}),
    }
    source = Source(
        search=_search(parsed.model_dump(mode="json"), found),
        history=history,
        made_at=BEGAN + timedelta(hours=3),
        affordable=lambda measurement: measurement["macs"] <= 15e6,
        provenance=PROVENANCE if provenance is None else provenance,
    )
    if not known:
        return source
    return Source(
        search=source.search,
        history=history,
        made_at=source.made_at,
        layers=[layer.name for layer in space.layers],
        sub_layers=[str(each) for each in space.sub_layers],
        decode=lambda genome: space.decode(genome).to_json(),
        affordable=source.affordable,
        provenance=source.provenance,
    )


def _stored(index: int, genome: Genome, fidelity: Fidelity, outcome: Outcome) -> StoredCandidate:
    return StoredCandidate(
        candidate=Candidate(index, genome, fidelity),
        asked_after=index,
        asked_at=BEGAN,
        told_order=index,
        told_at=BEGAN,
        outcome=outcome,
        seconds=None if isinstance(outcome, Failure) else 2.0,
    )


def _result(history: Sequence[StoredCandidate], spec: SearchSpec) -> Mapping[str, Any]:
    told = [(each.candidate, each.outcome) for each in history if each.outcome is not None]
    return {
        "chosen": CHOSEN,
        "artifact": None,
        "utilisation": {"share": 0.93},
        "stopped_by": None,
        "fidelity": FidelityReport.of(spec, told).to_json(),
    }


def _search(spec: Mapping[str, Any], fields: Mapping[str, Any]) -> Search:
    found: dict[str, Any] = {
        "id": "01M0000000000000000000MADE",
        "name": spec["name"],
        "spec": spec,
        "version": "1.2.3",
        "created_at": BEGAN - timedelta(minutes=1),
        "attempts": 0,
        "cancel_requested": False,
        "slots": None,
        "error": None,
        "result": None,
        **fields,
    }
    return Search(**found)
