"""What the service bears: requests per second and times, with the rows of a lab that has used it for years.

`python -m benchmarks.load [--quick] [--vizier PYTHON]`. On SQLite and on a PostgreSQL of our own, with 100,000 searches
and 1,000,000 candidates stored: submissions, polls, lists, pages of candidates and events, over HTTP with an API key,
from a client that is a process of its own; claims and tells as drivers make them; and who follows a search live. In the
same run the like of Optuna's RDB storage and, given a Python with google-vizier, of OSS Vizier's server:
`python -m venv DIR && DIR/bin/pip install google-vizier jax equinox flax chex`, then `--vizier DIR/bin/python`.
Client, API processes and database share the machine. Write `benchmarks/results/load.json`.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from rich.console import Console
from sqlalchemy import make_url

from benchmarks import load_store
from benchmarks.load_calls import WORDS
from benchmarks.load_concurrency import concurrency
from benchmarks.load_loop import Writers
from benchmarks.load_ours import MIX, RATES, Sizes, ours
from benchmarks.load_peers import PeerSizes, optuna, vizier
from benchmarks.load_rows import FULL, QUICK
from benchmarks.load_table import SERVED, tables
from benchmarks.machine import write
from benchmarks.scale_database import postgres

SQLITE, POSTGRES = "SQLite", "PostgreSQL"
SIZES = Sizes(amounts=FULL, seconds=10.0, open_seconds=30.0, apis=2, connections=16, writers=2, streams=50)
QUICK_SIZES = Sizes(amounts=QUICK, seconds=1.0, open_seconds=1.5, apis=2, connections=8, writers=2, streams=10)
PEERS = PeerSizes(studies=1_000, trials=100_000, seconds=10.0)
QUICK_PEERS = PeerSizes(studies=20, trials=400, seconds=1.0)
SUBMISSIONS, QUICK_SUBMISSIONS = 2_000, 40
PROCESSES = 4  # APIs, and dispatchers, of the show of concurrency


def main() -> None:
    """Measure, print the tables, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rows and short loops: a check of the command")
    parser.add_argument("--vizier", type=Path, metavar="PYTHON", help="of an environment that has google-vizier")
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    console = Console()
    with tempfile.TemporaryDirectory(prefix="twinsieve-load-") as scratch:
        figures = measured(Path(scratch), console.log, quick=quick, vizier_python=arguments.vizier)
    for each in tables(figures):
        console.print(each)
    console.print(f"written to {write('load-quick' if quick else 'load', figures)}")


def measured(folder: Path, tell: Callable[[str], None], *, quick: bool, vizier_python: Path | None) -> dict[str, Any]:
    """Everything that the tables are made of; `tell` hears what is being measured."""
    sizes, peers = (QUICK_SIZES, QUICK_PEERS) if quick else (SIZES, PEERS)
    found = dict[str, Any]()
    with postgres(folder / "postgres") as server, Writers.start(sizes.writers) as writers:
        addresses = {
            SQLITE: [f"sqlite:///{folder / name}.sqlite" for name in ("twinsieve", "optuna")],
            POSTGRES: [_created(server, name) for name in ("twinsieve", "optuna")],
        }
        for database, (url, peer_url) in addresses.items():
            tell(f"{database}: Twinsieve")
            mine = ours(url, folder, sizes, writers)
            tell(f"{database}: Optuna")
            found[database] = {"ours": asdict(mine), "peers": [asdict(optuna(peer_url, peers, writers))]}
        tell(f"{SQLITE}: OSS Vizier")
        found[SQLITE]["peers"].append(asdict(vizier(vizier_python, folder / "vizier.sqlite", peers)))
        tell(f"{PROCESSES} API processes and {PROCESSES} dispatchers at once")
        submissions = QUICK_SUBMISSIONS if quick else SUBMISSIONS
        url = _created(server, "concurrency")
        shown = concurrency(url, folder, submissions=submissions, apis=PROCESSES, dispatchers=PROCESSES)
    return {
        "sizes": asdict(sizes),
        "peer_sizes": asdict(peers),
        "rates": {"alone": RATES, "mixed": MIX},
        "words": WORDS,
        "store_words": load_store.WORDS,
        "databases": found,
        "ratios": {name: ratios(each) for name, each in found.items()},
        "concurrency": {**asdict(shown), "right": shown.right},
    }


def ratios(found: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Ours per second / theirs, by peer and operation: a library beside our store, a server beside our API.

    Tells are our store's in both cases, as only drivers tell. Our API has nothing that brings as little as the get of
    a server.
    """
    store, closed = found["ours"]["store"], found["ours"]["closed"]
    served = {"tell": store["tell"], **{operation: closed[kind] for operation, kind in SERVED.items()}}
    return {
        peer["name"]: {
            operation: ours["per_second"] / peer["times"][operation]["per_second"]
            for operation, ours in (served if peer["server"] else store).items()
            if operation in peer["times"]
        }
        for peer in found["peers"]
    }


def _created(server: str, name: str) -> str:
    """The address of a new database of a PostgreSQL server."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return make_url(server).set(database=name).render_as_string(hide_password=False)


if __name__ == "__main__":
    main()
