"""A database as years of use leave it: thousands of searches, one of them with tens of thousands of candidates."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, text

from search.contracts import Fidelity
from search.spec import SearchSpec
from service.domain.action import Action
from service.domain.search_id import new_id
from service.storage.database import writing
from service.storage.journal_tables import JournalRow
from service.storage.tables import Base, CandidateRow, LabelRow, SearchRow, StageCountRow

START = datetime(2026, 1, 1, tzinfo=UTC)
OWNERS = ("anna", "bert", "cleo")
FINALS = 4  # the last candidates of the large search
STAGES = (Fidelity.SCREEN, Fidelity.PROXY, Fidelity.FINAL)
AT_ONCE = 5000
RARE = 500  # one search of so many has the label


def fill(engine: Engine, *, searches: int, candidates: int) -> Sequence[str]:
    """The ids of `searches` ended searches, the first of which is large, and of a queued one of each owner."""
    ids = [new_id(START + timedelta(seconds=number)) for number in range(searches + len(OWNERS))]
    _insert(engine, SearchRow, [_search(each, number, number >= searches) for number, each in enumerate(ids)])
    _insert(
        engine, LabelRow, [{"label": label, "search_id": ids[at]} for at in range(searches) for label in labels(at)]
    )
    _insert(engine, StageCountRow, [_count(each, stage) for each in ids for stage in STAGES])
    _insert(engine, JournalRow, [entry for number, each in enumerate(ids) for entry in _entries(each, number)])
    _insert(engine, CandidateRow, [_candidate(ids[0], index, candidates) for index in range(candidates)])
    _insert(engine, CandidateRow, [_candidate(each, 0, 1) for each in ids[1:]])
    if engine.dialect.name == "postgresql":  # which does so by itself, later; nobody does it in SQLite
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("ANALYZE"))
    return ids


def labels(number: int) -> list[str]:
    """A label that all have, and one that few have, of a search by its number."""
    return ["all", *(["rare"] * (number % RARE == 0))]


def _insert(engine: Engine, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), AT_ONCE):
        with writing(engine) as session:
            session.execute(insert(table), rows[start : start + AT_ONCE])


def _search(search_id: str, number: int, queued: bool) -> dict[str, Any]:
    at = START + timedelta(seconds=number)
    status = "queued" if queued else "failed" if number % len(OWNERS) == 0 else "succeeded"
    return {
        "id": search_id,
        "name": f"search {number}",
        "status": status,
        "spec": SearchSpec().model_dump(mode="json"),
        "version": "1",
        "created_at": at,
        "started_at": None if queued else at,
        "finished_at": None if queued else at,
        "attempts": 0,
        "cancel_requested": False,
        "pause_requested": False,
        "owner": OWNERS[number % len(OWNERS)],
        "priority": 0,
        "labels": labels(number),
        "notes": "",
        "error": "why" if status == "failed" else None,
        "front": None if queued else [0],
    }


def _count(search_id: str, stage: Fidelity) -> dict[str, Any]:
    counts = {"asked": 99, "told": 9, "failed": 0, "reused": 0, "seconds": 9.0}
    return {"search_id": search_id, "fidelity": stage} | counts


def _entries(search_id: str, number: int) -> Sequence[Mapping[str, Any]]:
    entry = {"at": START, "actor": "test", "search_id": search_id, "owner": OWNERS[number % len(OWNERS)]}
    return [entry | {"action": action, "detail": {}} for action in (Action.SUBMITTED, Action.STARTED, Action.SUCCEEDED)]


def _candidate(search_id: str, index: int, of: int) -> dict[str, Any]:
    return {
        "search_id": search_id,
        "index": index,
        "genome": [index, 1],
        "fidelity": Fidelity.FINAL if of - index <= FINALS < of else Fidelity.PROXY,
        "asked_after": index,
        "asked_at": START,
        "told_order": index,
        "told_at": START,
        "measurement": {"accuracy": 0.5, "macs": 1.0},
        "seconds": 1.0,
        "measure_key": f"{index:064d}",
    }
