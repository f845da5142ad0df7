"""`made`: a search in the store as a real one leaves it, without the time that a real one takes."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from search.contracts import Candidate, Failure, Fidelity, Outcome
from search.fidelity_report import FidelityReport
from search.spec import SearchSpec, parse_spec
from service.domain.action import Action
from service.domain.records import FidelityProgress, Lease, Status
from service.domain.search_id import new_id
from service.searches.store import Store
from service.storage.database import writing
from service.storage.journal_tables import JournalRow
from service.storage.tables import Base, CandidateRow, LabelRow, SearchRow, StageCountRow
from tests.page.landscape import Landscape

SPEC: Mapping[str, Any] = {
    "name": "vqa-three-quarters",
    "objectives": ["accuracy", "macs"],
    "algorithm": {"name": "nsga2", "population": 16},
}
TOKEN = "made"  # of the lease of a search that runs
SECONDS = 2.5  # of one candidate
WORKERS = 2
AT_ONCE = 5000
ENDS = {Status.SUCCEEDED: Action.SUCCEEDED, Status.FAILED: Action.FAILED, Status.CANCELLED: Action.CANCELLED}

Told = Sequence[tuple[Candidate, Outcome]]


def made(
    store: Store,
    *,
    candidates: int = 200,
    status: Status = Status.SUCCEEDED,
    seed: int = 0,
    spec: Mapping[str, Any] | None = None,
    age: timedelta = timedelta(hours=3),
    **columns: Any,  # noqa: ANN401 - any column of the table of searches
) -> str:
    """The id of a new search with that many told proxies, and audits and finals where it succeeded.

    A queued one has none. One that runs can be driven on by hand, under `lease_of`.
    """
    parsed = parse_spec({**SPEC, "budget": {"candidates": max(candidates, 16)}, "seed": seed, **(spec or {})})
    began = store.clock() - age
    search_id = new_id(began)
    told = [] if status is Status.QUEUED else list(_told(parsed, candidates, finals=status is Status.SUCCEEDED))
    row = _search(search_id, parsed, status, began, told) | columns
    with writing(store.engine) as session:
        session.execute(insert(SearchRow), [row])
    _insert(store, LabelRow, [{"label": label, "search_id": search_id} for label in row.get("labels", ())])
    _insert(store, CandidateRow, [*_rows(search_id, told, began), *_in_flight(search_id, status, told, began)])
    _insert(store, StageCountRow, list(_counts(search_id, status, told)))
    _insert(store, JournalRow, list(_entries(row)))
    return search_id


def lease_of(search_id: str) -> Lease:
    """The lease of a made search that runs, for `store.candidates.record_ask` and `record_tell`."""
    return Lease(search_id, TOKEN, 1)


def _told(spec: SearchSpec, candidates: int, *, finals: bool) -> Iterator[tuple[Candidate, Outcome]]:
    landscape = Landscape(spec, random.Random(spec.seed))
    proxies = list(landscape.evolved(candidates))
    yield from proxies
    if not finals:
        return
    ranked = sorted((each for each in proxies if not isinstance(each[1], Failure)), key=_accuracy, reverse=True)
    best = [landscape.full, *(each.genome for each, _outcome in ranked[:3])]
    audited = [each.genome for each, _outcome in ranked[:: max(1, len(ranked) // 12)][:12]]
    later = [(genome, Fidelity.AUDIT) for genome in audited]
    later += [(genome, stage) for stage in (Fidelity.FINAL, Fidelity.TEST) for genome in best]
    for index, (genome, stage) in enumerate([*later, (landscape.full, Fidelity.PLAIN)], start=candidates):
        yield Candidate(index, genome, stage), landscape.measured(genome, stage)


def _accuracy(each: tuple[Candidate, Outcome]) -> float:
    outcome = each[1]
    return 0.0 if isinstance(outcome, Failure) else outcome["accuracy"]


def _front(told: Told, objectives: int) -> list[int]:
    """Best first: one for a single objective, else those that none beats in both accuracy and MACs."""
    front, least = list[int](), float("inf")
    for candidate, outcome in sorted(told, key=_accuracy, reverse=True):
        if isinstance(outcome, Failure) or candidate.fidelity is not Fidelity.PROXY:
            continue
        if outcome["macs"] < least:
            front.append(candidate.index)
            least = outcome["macs"]
    return front if objectives > 1 else front[:1]


def _search(search_id: str, spec: SearchSpec, status: Status, began: datetime, told: Told) -> dict[str, Any]:
    runs, ended = status is Status.RUNNING, began + timedelta(seconds=SECONDS * (len(told) + 1) / WORKERS)
    return {
        "id": search_id,
        "name": spec.name,
        "status": status,
        "spec": spec.model_dump(mode="json"),
        "version": "1.2.3",
        "created_at": began,
        "started_at": None if status is Status.QUEUED else began + timedelta(seconds=4),
        "finished_at": ended if status.finished else None,
        "attempts": 0,
        "cancel_requested": status is Status.CANCELLED,
        "pause_requested": False,
        "lease_token": TOKEN if runs else None,
        "lease_expires_at": began + timedelta(days=365) if runs else None,
        "error": "every worker ran out of memory: lower proxy.pack" if status is Status.FAILED else None,
        "front": _front(told, len(spec.objectives)) or None,
        "result": _result(spec, told) if status is Status.SUCCEEDED else None,
    }


def _result(spec: SearchSpec, told: Told) -> dict[str, Any]:
    finals = [each for each in told if each[0].fidelity is Fidelity.FINAL]
    return {
        "chosen": max(finals[1:], key=_accuracy)[0].index,
        "artifact": None,
        "utilisation": {"share": 0.93},
        "fidelity": FidelityReport.of(spec, told).to_json(),
        "reused": 0,
    }


def _rows(search_id: str, told: Told, began: datetime) -> Iterator[dict[str, Any]]:
    for order, (candidate, outcome) in enumerate(told):
        at = began + timedelta(seconds=4 + SECONDS * order / WORKERS)
        failed = isinstance(outcome, Failure)
        yield _asked(search_id, candidate, at) | {
            "told_order": order,
            "told_at": at + timedelta(seconds=SECONDS),
            "measurement": None if isinstance(outcome, Failure) else dict(outcome),
            "failure": outcome.reason if isinstance(outcome, Failure) else None,
            "seconds": None if failed else SECONDS,
            "worker": f"worker-{order % WORKERS}",
            "busy_seconds": SECONDS,
        }


def _asked(search_id: str, candidate: Candidate, at: datetime) -> dict[str, Any]:
    named = {"index": candidate.index, "genome": list(candidate.genome), "fidelity": candidate.fidelity}
    empty = dict.fromkeys(("told_order", "told_at", "measurement", "failure", "seconds", "worker", "busy_seconds"))
    return {"search_id": search_id, **named, "asked_after": candidate.index, "asked_at": at, **empty}


def _in_flight(search_id: str, status: Status, told: Told, began: datetime) -> Iterator[dict[str, Any]]:
    """What workers of a running search have in hand: chromosomes that were not asked before."""
    if status is not Status.RUNNING or not told:
        return
    known, genome = {each.genome for each, _outcome in told}, told[0][0].genome
    for gene in range(len(genome)):
        other = (*genome[:gene], 1 - genome[gene], *genome[gene + 1 :])
        if other not in known:
            yield _asked(search_id, Candidate(len(told), other), began)
            return


def _counts(search_id: str, status: Status, told: Told) -> Iterator[dict[str, Any]]:
    for stage in dict.fromkeys(candidate.fidelity for candidate, _outcome in told):
        outcomes = [outcome for candidate, outcome in told if candidate.fidelity is stage]
        flying = int(status is Status.RUNNING)
        failed = sum(isinstance(each, Failure) for each in outcomes)
        seconds = SECONDS * (len(outcomes) - failed)
        counts = FidelityProgress(len(outcomes) + flying, len(outcomes), failed, seconds, 0, seconds)
        yield {"search_id": search_id, "fidelity": stage, **asdict(counts)}


def _entries(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    status, owner = Status(row["status"]), row.get("owner", "local")
    actions = [(Action.SUBMITTED, row["created_at"], owner), (Action.STARTED, row["started_at"], "twinsieve")]
    if status.finished:
        actions.append((ENDS[status], row["finished_at"], "twinsieve"))
    for action, at, actor in actions[: 1 if status is Status.QUEUED else None]:
        yield {"at": at, "actor": actor, "action": action, "search_id": row["id"], "owner": owner, "detail": {}}


def _insert(store: Store, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), AT_ONCE):
        with writing(store.engine) as session:
            session.execute(insert(table), rows[start : start + AT_ONCE])
