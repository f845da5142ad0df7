"""Everything that is measured of our service on one database."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import Engine, text

from benchmarks.load_calls import Kind, calls
from benchmarks.load_client import Call, Plan, Timed, drive
from benchmarks.load_fill import fill, settle
from benchmarks.load_live import Live, live
from benchmarks.load_loop import Writers
from benchmarks.load_rows import Amounts, Rows
from benchmarks.load_servers import Apis, api_processes
from benchmarks.load_store import LEASE_SECONDS, WORDS, Stored, claims, loop
from service.domain.person import Role
from service.searches.store import Store
from service.storage.database import connect, upgrade
from service.storage.schema import metadata

RATES: Mapping[Kind, float] = {
    Kind.SUBMIT: 20.0,
    Kind.POLL: 100.0,
    Kind.LIST: 50.0,
    Kind.CANDIDATES: 50.0,
    Kind.EVENTS: 10.0,
}
"""Requests per second of the open loops, alone."""
MIX: Mapping[Kind, float] = {
    Kind.SUBMIT: 2.0,
    Kind.POLL: 100.0,
    Kind.LIST: 5.0,
    Kind.CANDIDATES: 10.0,
    Kind.EVENTS: 2.0,
}
"""Requests per second of the open loop of all kinds together."""
MOST = 64  # connections of an open loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    amounts: Amounts
    seconds: float  # of each closed loop
    open_seconds: float  # of each open loop
    apis: int
    connections: int  # of a closed loop
    writers: int  # processes that use the database directly, here and of peers
    streams: int  # live ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What was measured; `closed` is at the highest throughput, `paced` and `mixed` at given rates."""

    settings: Mapping[str, str]  # of the database
    fill_seconds: float
    closed: Mapping[Kind, Timed]
    cpu_ms: Mapping[Kind, float]  # of a core of the API, for one of those
    paced: Mapping[Kind, Timed]
    mixed: Mapping[Kind, Timed]
    live: Live
    store: Mapping[str, Timed]  # as a library, by operation
    claim: Timed


def ours(url: str, folder: Path, sizes: Sizes, writers: Writers) -> Ours:
    """Measure on an empty database; logs go to `folder`."""
    rows, start = Rows(sizes.amounts), time.perf_counter()
    _fill(url, rows)
    fill_seconds = time.perf_counter() - start
    with _opened(url) as (engine, store), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        key = store.keys.create("load", Role.ADMIN, label="benchmark").key
        with api_processes(sizes.apis, folder, url=url) as apis:
            client = _Client(apis, calls(rows, key=key), sizes, process)
            paced = {kind: client.paced({kind: rate})[kind] for kind, rate in RATES.items()}
            mixed = client.paced(MIX)
            followed = _live(store, apis, sizes, url=url, key=key)
            closed = {kind: client.closed(kind) for kind in (*list(Kind)[1:], Kind.SUBMIT)}  # it alone changes much
        stored = Stored(long=rows.long, long_candidates=rows.long_candidates, polled=[rows.long, *rows.measured])
        return Ours(
            settings=_settings(engine),
            fill_seconds=fill_seconds,
            closed={kind: closed[kind][0] for kind in Kind},
            cpu_ms={kind: closed[kind][1] for kind in Kind},
            paced=paced,
            mixed=mixed,
            live=followed,
            store={each: writers.together(loop, url, each, stored, sizes.seconds) for each in WORDS},
            claim=writers.together(claims, url, sizes.seconds),
        )


def _live(store: Store, apis: Apis, sizes: Sizes, *, url: str, key: str) -> Live:
    if (lease := store.leases.claim()) is None:
        raise RuntimeError("nothing is queued: the stored searches that wait are gone")
    headers, seconds = {"Authorization": f"Bearer {key}"}, 3 * sizes.seconds
    return live(apis.addresses, lease, url=url, headers=headers, streams=sizes.streams, seconds=seconds)


@dataclass(frozen=True, slots=True)
class _Client:
    """Everything that is sent over HTTP."""

    apis: Apis
    calls: Mapping[Kind, Sequence[Call]]
    sizes: Sizes
    process: ProcessPoolExecutor

    def closed(self, kind: Kind) -> tuple[Timed, float]:
        """As fast as answers come, and what each of them costs the API processes, in milliseconds of their cores."""
        sizes, before = self.sizes, self.apis.cpu_seconds
        plan = self._plan(kind, seconds=sizes.seconds, connections=sizes.connections)
        (found,) = self._drive(plan)
        return found, 1e3 * (self.apis.cpu_seconds - before) / (found.times.count + plan.warm_up)

    def paced(self, rates: Mapping[Kind, float]) -> Mapping[Kind, Timed]:
        """All of `rates` at once."""
        seconds = self.sizes.open_seconds
        plans = [self._plan(kind, seconds=seconds, rate=rate, connections=MOST) for kind, rate in rates.items()]
        return dict(zip(rates, self._drive(*plans), strict=True))

    def _plan(self, kind: Kind, *, seconds: float, connections: int, rate: float | None = None) -> Plan:
        return Plan(
            name=kind,
            addresses=self.apis.addresses,
            calls=self.calls[kind],
            seconds=seconds,
            rate=rate,
            connections=connections,
        )

    def _drive(self, *plans: Plan) -> list[Timed]:
        return self.process.submit(drive, plans).result()


def _fill(url: str, rows: Rows) -> None:
    engine = connect(url)
    upgrade(engine)
    engine.dispose()
    for name, some in {
        "searches": rows.searches(),
        "candidates": rows.candidates(),
        "stage_counts": rows.stage_counts(),
        "journal": rows.journal(),
    }.items():
        fill(url, metadata.tables[name], some)
    settle(url)


@contextmanager
def _opened(url: str) -> Iterator[tuple[Engine, Store]]:
    engine = connect(url)
    try:
        yield engine, Store.on(engine, lease_seconds=LEASE_SECONDS)
    finally:
        engine.dispose()


def _settings(engine: Engine) -> dict[str, str]:
    """What decides how durable a commit is, and how much is kept in memory."""
    lite = engine.dialect.name == "sqlite"
    names = (
        ("journal_mode", "synchronous") if lite else ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    )
    with engine.connect() as connection:
        return {
            name: str(connection.execute(text(f"{'PRAGMA' if lite else 'SHOW'} {name}")).scalar()) for name in names
        }
