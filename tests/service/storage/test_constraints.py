"""What no code path does is refused by the database as well."""

from typing import Any

import pytest
from sqlalchemy import Engine, insert, update
from sqlalchemy.exc import IntegrityError

from search.spec import SearchSpec
from service.searches.store import Store
from service.storage.database import writing
from service.storage.tables import CandidateRow, SearchRow
from tests.service.conftest import Clock


@pytest.mark.parametrize(
    "values",
    [
        {"status": "sleeping"},
        {"status": "running"},
        {"status": "succeeded"},
        {"status": "failed", "finished_at": Clock().now},
        {"lease_token": "t", "lease_expires_at": Clock().now},
        {"finished_at": Clock().now},
        {"attempts": -1},
        {"slots": 0},
    ],
    ids=str,
)
def test_searches(engine: Engine, store: Store, values: dict[str, Any]) -> None:
    search = store.searches.create(SearchSpec(), "1")
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.execute(update(SearchRow).where(SearchRow.id == search.id).values(values))


@pytest.mark.parametrize(
    "values",
    [
        {"fidelity": "hearsay"},
        {"told_order": 0},
        {"told_order": 0, "told_at": Clock().now},
        {"measurement": {"accuracy": 1.0}},
        {"told_order": 0, "told_at": Clock().now, "measurement": {"accuracy": 1.0}, "failure": "both"},
        {"told_order": 0, "measurement": {"accuracy": 1.0}},
        {"asked_after": 2, "told_order": 1, "told_at": Clock().now, "failure": "before it was asked"},
        {"asked_after": -1},
        {"search_id": "nobody's"},
        {"measure_key": "short"},
        {"reused_from": "0" * 26},
        {"busy_seconds": -1.0},
    ],
    ids=str,
)
def test_candidates(engine: Engine, store: Store, values: dict[str, Any]) -> None:
    row = {
        "search_id": store.searches.create(SearchSpec(), "1").id,
        "index": 0,
        "genome": [1],
        "fidelity": "proxy",
        "asked_after": 0,
        "asked_at": Clock().now,
    }
    with writing(engine) as session:
        session.execute(insert(CandidateRow).values(row | {"index": 9, "genome": [9]}))
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.execute(insert(CandidateRow).values(row | values))
