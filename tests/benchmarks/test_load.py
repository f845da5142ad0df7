"""The benchmark of the service under load: what it stores, how it times, what it makes of the figures."""

import io
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.load import ratios
from benchmarks.load_calls import WORDS, Kind, calls
from benchmarks.load_client import Call, Plan, Timed, drive
from benchmarks.load_concurrency import Shown
from benchmarks.load_fill import fill
from benchmarks.load_live import Live
from benchmarks.load_loop import Writers, looped, merged
from benchmarks.load_ours import MIX, RATES, Ours, Sizes
from benchmarks.load_peers import OPERATIONS, OPTUNA, VIZIER, Peer, PeerSizes
from benchmarks.load_rows import FRONT, Amounts, Rows
from benchmarks.load_table import tables
from benchmarks.spread import Spread
from search.contracts import Fidelity
from service.domain.records import FidelityProgress, Status
from service.searches.store import Store
from service.storage.database import connect, upgrade
from service.storage.schema import metadata

AMOUNTS = Amounts(searches=60, candidates=80, measured=4, queued=5)
TABLES = ("searches", "candidates", "stage_counts", "journal")
SLOW_SECONDS = 0.5


def filled(url: str, rows: Rows) -> Store:
    engine = connect(url)
    upgrade(engine)
    for name in TABLES:
        fill(url, metadata.tables[name], getattr(rows, name)())
    return Store.on(engine)


class TestRows:
    def test_the_store_reads_them(self, tmp_path: Path) -> None:
        rows = Rows(AMOUNTS)
        store = filled(f"sqlite:///{tmp_path / 'load.sqlite'}", rows)
        assert [search.id for search in store.searches.page(limit=200)] == list(reversed(rows.ids))
        assert store.searches.get(rows.long).status is Status.RUNNING
        assert {store.searches.get(each).status for each in rows.queued} == {Status.QUEUED}
        assert (len(rows.queued), len(rows.measured)) == (5, 4)
        assert len(store.candidates.history(rows.long)) == rows.long_candidates == 40
        told = FidelityProgress(10, 10, 0, 12.5, 0, 12.5)
        progress = store.candidates.progress(rows.measured)
        assert progress == {each: {Fidelity.PROXY: told} for each in rows.measured}
        assert store.searches.get(rows.long).front == list(range(FRONT))
        assert [len(store.journal.of_search(each)) for each in (rows.queued[0], rows.long, rows.ids[0])] == [1, 2, 3]
        lease = store.leases.claim()
        assert lease is not None
        assert lease.search_id in rows.queued, "what is stored as running stays with whoever has it"
        store.engine.dispose()

    def test_a_seed_gives_the_same(self) -> None:
        times = ("lease_expires_at",)  # a while from now
        first, again, other = ([*Rows(AMOUNTS, seed=seed).searches()] for seed in (1, 1, 2))
        for row in (*first, *again, *other):
            row |= dict.fromkeys(times)
        assert first == again != other
        assert list(Rows(AMOUNTS, seed=1).candidates()) == list(Rows(AMOUNTS, seed=1).candidates())

    def test_amounts_that_do_not_fit(self) -> None:
        with pytest.raises(ValueError, match="do not fit together"):
            replace(AMOUNTS, measured=60)

    def test_no_rows_are_no_table(self) -> None:
        assert fill("sqlite://", metadata.tables["searches"], []) == 0


class TestCalls:
    def test_each_kind_asks_for_what_is_stored(self) -> None:
        rows = Rows(AMOUNTS)
        drawn = calls(rows, key="tws_x")
        assert set(drawn) == set(Kind) == set(RATES) == set(MIX)
        assert all(call.headers["Authorization"] == "Bearer tws_x" for several in drawn.values() for call in several)
        polled = [call.path.rpartition("/")[2] for call in drawn[Kind.POLL]]
        assert set(polled) <= set(rows.ids)
        assert polled.count(rows.long) == len(polled) / 4
        assert all(call.fresh for call in drawn[Kind.SUBMIT])


class _Answers(BaseHTTPRequestHandler):
    """One in ten is slow, one path is refused; keys that come are kept."""

    protocol_version = "HTTP/1.1"
    keys: list[str | None]

    def do_GET(self) -> None:
        if self.path.startswith("/slow"):
            time.sleep(SLOW_SECONDS)
        self._send(404 if self.path == "/none" else 200, b"data: 1\n\n")

    def do_POST(self) -> None:
        self.keys.append(self.headers["Idempotency-Key"])
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(201, b"{}")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    class Answers(_Answers):
        keys: list[str | None] = []  # noqa: RUF012 - a class for each test

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def plan(server: ThreadingHTTPServer, *called: Call, **more: Any) -> Plan:  # noqa: ANN401 - any field of a plan
    address = f"http://127.0.0.1:{server.server_address[1]}"
    return Plan(addresses=[address], calls=called, warm_up=0, **more)


class TestClient:
    def test_at_a_rate_everybody_who_waits_is_charged(self, server: ThreadingHTTPServer) -> None:
        one_by_one = plan(server, Call(path="/slow"), seconds=1.0, rate=8.0, connections=1)
        (found,) = drive([one_by_one])
        assert found.times.count == 8
        assert found.times.p99 > 1e3 * 5 * SLOW_SECONDS, "the last of eight was due long before it was sent"

    def test_as_fast_as_it_goes(self, server: ThreadingHTTPServer) -> None:
        fast, slow = drive(
            [plan(server, Call(path=path, stream=True), seconds=1.2, connections=2) for path in ("/", "/slow")]
        )
        assert fast.times.median < 1e3 * SLOW_SECONDS < slow.times.median
        assert 4 <= slow.times.count <= 6

    def test_errors_are_no_answers(self, server: ThreadingHTTPServer) -> None:
        (found,) = drive([plan(server, Call(path="/"), Call(path="/none"), seconds=0.5, rate=20.0)])
        assert found.errors == {"404": 5}
        assert found.times.count == 5
        with pytest.raises(RuntimeError, match=r"no request succeeded: {'404'"):
            drive([plan(server, Call(path="/none"), seconds=0.1, rate=20.0)])

    def test_every_sending_has_a_key_of_its_own(self, server: ThreadingHTTPServer) -> None:
        drive([plan(server, Call(method="POST", path="/", body={}, fresh=True), seconds=0.5, rate=20.0)])
        keys = server.RequestHandlerClass.keys  # type: ignore[attr-defined] # the class of the fixture
        assert len(keys) == len(set(keys)) == 10


def rested(milliseconds: float, _number: int) -> list[float]:
    return looped(lambda _: time.sleep(milliseconds / 1e3), seconds=0.2)


class TestLoops:
    def test_rates_add_up(self) -> None:
        assert merged([[10.0, 10.0], [20.0]]).per_second == pytest.approx(150)

    def test_processes_begin_together(self) -> None:
        with Writers.start(2) as writers:
            for _ in range(2):
                assert 2 < writers.together(rested, 20.0).per_second < 100


def timed(per_second: float) -> Timed:
    spread = Spread(mean=1.0, median=1.0, p99=2.0, count=10)
    return Timed(per_second=per_second, times=spread, errors={"500": 1})


@pytest.fixture
def figures() -> Mapping[str, Any]:
    several = {kind: timed(100.0) for kind in Kind}
    live = Live(streams=10, delay=timed(1.0).times, share=1.0)
    mine = Ours(
        settings={},
        fill_seconds=1.0,
        closed=several | {Kind.POLL: timed(300.0)},
        cpu_ms=dict.fromkeys(Kind, 4.0),
        paced=several,
        mixed=several,
        live=live,
        store=dict.fromkeys(OPERATIONS, timed(50.0)),
        claim=timed(10.0),
    )
    words = dict.fromkeys(OPERATIONS, "as they say it")
    peers = [
        Peer(name=OPTUNA, words=words, times=dict.fromkeys(OPERATIONS, timed(25.0)), server=False),
        Peer(name=VIZIER, words=words, times=dict.fromkeys(OPERATIONS, timed(10.0)), server=True),
        Peer(name="another", words={}, times={}, server=True, absent="not asked for"),
    ]
    found = {"ours": asdict(mine), "peers": [asdict(each) for each in peers]}
    sizes = Sizes(amounts=AMOUNTS, seconds=1, open_seconds=1, apis=1, connections=1, writers=1, streams=1)
    return {
        "sizes": asdict(sizes),
        "peer_sizes": asdict(PeerSizes(studies=1, trials=1, seconds=1.0)),
        "rates": {"alone": RATES, "mixed": MIX},
        "words": WORDS,
        "store_words": dict.fromkeys(OPERATIONS, "as we say it"),
        "databases": {"SQLite": found},
        "ratios": {"SQLite": ratios(found)},
        "concurrency": {**asdict(SHOWN), "right": SHOWN.right},
    }


SHOWN = Shown(
    submissions=10,
    sent=20,
    refused=0,
    disagreeing=0,
    searches=10,
    submitted=10,
    started=10,
    claims=[4, 6],
    claimed_twice=0,
    unfinished=0,
    seconds=1.0,
)


class TestFigures:
    def test_ratios(self, figures: Mapping[str, Any]) -> None:
        found = figures["ratios"]["SQLite"]
        assert found[OPTUNA] == dict.fromkeys(OPERATIONS, 2.0)
        assert found[VIZIER] == {"create": 10.0, "tell": 5.0, "poll": 30.0, "page": 10.0}
        assert found["another"] == {}

    def test_tables_from_what_is_recorded(self, figures: Mapping[str, Any]) -> None:
        console = Console(width=200, file=io.StringIO(), record=True)
        for each in tables(json.loads(json.dumps(figures))):
            console.print(each)
        text = console.export_text()
        for expected in ("60 searches", "30.00x", "not asked for", "1 x 500", "as it should be", "4, 6"):
            assert expected in text

    @pytest.mark.parametrize("change", sorted(set(asdict(SHOWN)) - {"sent", "seconds"}))
    def test_anything_amiss_shows(self, change: str) -> None:
        assert SHOWN.right
        value: Any = [5, 6] if change == "claims" else getattr(SHOWN, change) + 1
        changed: dict[str, Any] = {change: value}
        assert not replace(SHOWN, **changed).right
