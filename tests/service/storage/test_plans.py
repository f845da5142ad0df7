"""What clients and drivers do all day costs the same, however much is stored: no statement looks through a table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from search.contracts import Candidate, Failure, Fidelity
from search.spec import SearchSpec
from service.api.overview import overview
from service.api.search_feed import Place, SearchFeed
from service.domain.quota import Quota
from service.domain.records import Idempotency, Lease, Status
from service.events.journal_tail import JournalTail
from service.searches.queue import RECENT
from service.searches.search_list import Selection
from service.searches.store import Store
from service.storage.database import connect, upgrade
from tests.service.filled import START, fill
from tests.service.serving import services_on
from tests.service.statements import dearest

SEARCHES, CANDIDATES = 1500, 10_000
MOST = {"sqlite": 5_000, "postgresql": 300}  # instructions of its machine; rows looked at
LOOKS_BACK = {"claim": RECENT}  # how many rows more, of all the journal's, for an owner who has started nothing lately


@dataclass(frozen=True)
class Years:
    """A store with years of use behind it, its searches from the oldest on, and the right to drive one of them."""

    store: Store
    ids: Sequence[str]
    lease: Lease

    @property
    def large(self) -> str:
        return self.ids[0]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def years(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Years]:
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path_factory.mktemp('years') / 'twinsieve.sqlite'}")
    else:
        engine = connect(request.getfixturevalue("database_of_its_own"))
    upgrade(engine)
    ids = fill(engine, searches=SEARCHES, candidates=CANDIDATES)
    quota = Quota(queued=100, running=5, gpu_hours=1e9)
    store = Store.on(engine, clock=lambda: START + timedelta(days=1), quota=quota)
    lease = store.leases.claim()
    assert lease is not None
    yield Years(store, ids, lease)
    engine.dispose()


def told(years: Years) -> None:
    years.store.candidates.record_ask(years.lease, Candidate(5, (5, 5)), 1)
    years.store.candidates.record_tell(years.lease, 5, {"accuracy": 0.5}, 1.0)


def fallen(years: Years) -> None:
    years.store.candidates.record_ask(years.lease, Candidate(6, (6, 6)), 1)
    years.store.candidates.record_tell(years.lease, 6, Failure("diverged"))


Work = Callable[[Years], object]
WORK: dict[str, Work] = {
    "list": lambda on: on.store.searches.selected(Selection()),
    "list, a page in the middle": lambda on: on.store.searches.selected(Selection(), after=on.ids[700]),
    "list of a status": lambda on: on.store.searches.selected(Selection(status=Status.FAILED), after=on.ids[700]),
    "list of a status that none has": lambda on: on.store.searches.selected(Selection(status=Status.PAUSED)),
    "list of an owner": lambda on: on.store.searches.selected(Selection(owner="bert"), after=on.ids[700]),
    "list of nobody": lambda on: on.store.searches.selected(Selection(owner="nobody")),
    "list of what an owner has none of": lambda on: on.store.searches.selected(
        Selection(owner="bert", status=Status.FAILED)
    ),
    "list of a label that all have": lambda on: on.store.searches.selected(Selection(label="all"), after=on.ids[700]),
    "list of a label that few have": lambda on: on.store.searches.selected(Selection(label="rare")),
    "list of a label that none has": lambda on: on.store.searches.selected(Selection(label="none")),
    "counts for a list": lambda on: on.store.candidates.progress(on.ids[100:150]),
    "poll": lambda on: (on.store.searches.get(on.large), on.store.candidates.progress([on.large])),
    "place in the queue": lambda on: on.store.searches.queue_position(on.ids[-1]),
    "front": lambda on: on.store.candidates.named(on.large, [5000, 3, 9000]),
    "candidates": lambda on: on.store.candidates.page(on.large, after=5000),
    "candidates of stages that are rare": lambda on: on.store.candidates.page(
        on.large, fidelities=[Fidelity.FINAL, Fidelity.TEST]
    ),
    "candidates of all stages": lambda on: on.store.candidates.page(on.large, after=5000, fidelities=list(Fidelity)),
    "candidates of a stage to seed with": lambda on: on.store.candidates.measured(on.large, Fidelity.FINAL),
    "measured before": lambda on: on.store.candidates.measured_as(f"{77:064d}"),
    "events": lambda on: SearchFeed(on.store, on.large).after(Place(2, 5000)),
    "events from an id on": lambda on: SearchFeed(on.store, on.large).check(Place(2, 5000)),
    "events of everything": lambda on: JournalTail(on.store.engine, after=3000).next(),
    "journal": lambda on: on.store.journal.page(before=3000),
    "journal of a search": lambda on: on.store.journal.of_search(on.large),
    "submit": lambda on: on.store.searches.create(
        SearchSpec(), "1", idempotency=Idempotency(key=on.ids[-1], body_sha256="0" * 64)
    ),
    "claim": lambda on: on.store.leases.claim(),
    "wishes": lambda on: on.store.leases.wishes(on.lease),
    "renew": lambda on: on.store.leases.renew(on.lease),
    "ask and tell": told,
    "ask and tell a failure": fallen,
    "record the front": lambda on: on.store.candidates.record_front(on.lease, [5]),
    "cancel": lambda on: on.store.searches.request_cancel(on.ids[-1]),
    "end": lambda on: on.store.leases.finish(on.lease, Status.SUCCEEDED),  # last: nobody may write after it
}


@pytest.mark.parametrize("name", WORK)
def test_it_looks_at_what_it_gives(years: Years, name: str) -> None:
    engine = years.store.engine
    cost, sent = dearest(engine, lambda: WORK[name](years))
    assert sent
    assert cost.work <= MOST[engine.dialect.name] + LOOKS_BACK.get(name, 0), cost.plan


def test_the_view_of_a_large_search(years: Years, tmp_path: Path) -> None:
    services, engine = services_on(years.store, tmp_path), years.store.engine
    search = years.store.searches.get(years.large)
    cost, _ = dearest(engine, lambda: overview(search, services))
    assert cost.work <= MOST[engine.dialect.name] / 10, cost.plan
    view = overview(search, services)
    assert view.best is not None
    assert (view.best.index, view.front_size) == (0, 1)


def test_a_look_through_a_table_would_be_seen(years: Years) -> None:
    """So that a limit too high, or a cost that is not measured, would be noticed."""
    engine: Engine = years.store.engine
    every = [Fidelity.PROXY, Fidelity.FINAL]
    cost, _ = dearest(engine, lambda: [years.store.candidates.measured(years.large, each) for each in every])
    assert cost.work > 10 * MOST[engine.dialect.name], cost.plan
