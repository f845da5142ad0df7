"""Scale on paper: one search of 1,000 GPUs and 1,000,000 candidates, simulated with service times of this machine.

`python -m benchmarks.scale [--quick] [--candidates N] [--algorithm NAME]`. First it measures what a candidate costs the
database, the queue actor, Tune and the driver, the two databases being SQLite and a PostgreSQL of our own; then it
simulates the search in six arrangements and says which station saturates first, at how many GPUs, and what moves it.
Nothing of it has run on 1,000 GPUs: network, GPU nodes and Tune with 1,000 trials are not in the figures.
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks.machine import write
from benchmarks.scale_measured import FULL, POSTGRES, QUICK, SEARCHED, SQLITE, Measured, measured
from benchmarks.scale_services import Load, Services, Setting, bottleneck
from benchmarks.scale_settings import AS_IS, SETTINGS, moves
from benchmarks.scale_simulation import simulate
from benchmarks.scale_table import tables

GPUS, CANDIDATES, QUICK_CANDIDATES = 1_000, 1_000_000, 20_000
SECONDS = (1.0, 10.0, 60.0)  # mean time of a candidate on a GPU


def main() -> None:
    """Measure, simulate, print the tables, write `results/scale.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short histories and searches: a check of the command")
    parser.add_argument("--candidates", type=int, help=f"of a simulated search, by default {CANDIDATES:,}")
    parser.add_argument(
        "--algorithm", choices=SEARCHED, default=next(iter(SEARCHED)), help="whose time is the driver's"
    )
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    candidates = arguments.candidates or (QUICK_CANDIDATES if quick else CANDIDATES)
    try:
        found = measured(QUICK if quick else FULL)
        figures = to_json(found, algorithm=arguments.algorithm, candidates=candidates)
    except KeyboardInterrupt:
        parser.exit(130, "interrupted; nothing is written, as every figure needs all the measurements\n")
    console = Console()
    for each in tables(figures):
        console.print(each)
    console.print(f"written to {write('scale-quick' if quick else 'scale', figures)}")


def to_json(found: Measured, *, algorithm: str, candidates: int) -> dict[str, Any]:
    """Everything that the tables are made of."""
    services = {name: found.services(name, algorithm) for name in found.databases}
    loads = [Load(gpus=GPUS, candidates=candidates, seconds=seconds) for seconds in SECONDS]
    return {
        "algorithm": algorithm,
        "measured": asdict(found),
        "services": {name: asdict(each) for name, each in services.items()},
        "searches": list(_searches(services, loads)),
        "moves": [
            {"seconds": load.seconds, **asdict(move)} for load in loads for move in moves(services[POSTGRES], load)
        ],
        "ledger_gigabytes": {str(CANDIDATES): found.ledger[-1].gigabytes_at(CANDIDATES)},
        "replay_seconds": {str(CANDIDATES): CANDIDATES * services[POSTGRES].think},
    }


def _searches(services: dict[str, Services], loads: list[Load]) -> Iterator[dict[str, Any]]:
    """As is on both databases, every other arrangement on PostgreSQL."""
    on = [(SQLITE, replace(AS_IS, name=f"{AS_IS.name}, {SQLITE}")), *((POSTGRES, each) for each in SETTINGS)]
    jobs = [(setting, services[database], load) for load in loads for database, setting in on]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield from track(pool.map(_search, *zip(*jobs, strict=True)), description="searches", total=len(jobs))


def _search(setting: Setting, services: Services, load: Load) -> dict[str, Any]:
    ran = simulate(setting, services, load)
    return {
        "setting": setting.name,
        "load": asdict(load),
        **asdict(ran),
        "throughput": ran.throughput,
        "tune_share": setting.tune_share(services, load),
        "first": asdict(bottleneck(setting, services, load)),
    }


if __name__ == "__main__":
    main()
