"""How much of the workers' time is work: our orchestration beside other people's, and how ours grows.

`python -m benchmarks.orchestration [--runs 3] [--quick]`. The work is sleep, so that the processor is free for whoever
orchestrates. Each run is a process of its own, and all are measured by what the candidates themselves note: after
start-up, how much of slots x wall they slept. Write `benchmarks/results/orchestration.json`.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.machine import write
from benchmarks.orchestration_peers import PEERS
from benchmarks.orchestration_run import Figures, Load, NothingRanError, measured, middle

SLOTS = 2
COUNTS: Mapping[float, int] = {0.05: 400, 0.2: 200, 1.0: 60, 5.0: 16}  # candidates by seconds of each
SLOW_COUNTS: Mapping[float, int] = {0.05: 20, 0.2: 20, 1.0: 20, 5.0: 10}
QUICK = {0.05: 20}
QUICK_PEERS = ("ours", "raw Ray actors", "Optuna, memory", "Optuna, SQLite")
PER_SECOND = 40  # candidates that the grown searches ask for, whatever the workers: the machine has two cores
GROWN = tuple((workers, candidates) for workers in (2, 8, 64) for candidates in (100, 1_000, 10_000))
WORKER_BYTES = 200 * 2**20  # of a worker without a network, with what it shares left out
CAPTION = (
    "median run of {runs}; useful: work of slots x wall, after every slot has begun; overhead: the rest, per candidate"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One line: a peer under a load, some times over."""

    peer: str
    load: Load
    runs: int


def main() -> None:
    """Run everything, print the tables, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few peers and candidates: a check of the command")
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    runs: int = 1 if quick else arguments.runs
    peers, growth = peer_jobs(runs, quick=quick), growth_jobs(quick=quick)
    with Progress() as progress:
        bar = progress.add_task("orchestration", total=sum(job.runs for job in peers + growth))
        done = {job: _figures(job, partial(progress.advance, bar)) for job in peers + growth}
    console = Console()
    console.print(peers_table({job: done[job] for job in peers}, runs))
    console.print(growth_table({job: done[job] for job in growth}))
    file = write(
        "orchestration-quick" if quick else "orchestration", {"jobs": [_plain(job, done[job]) for job in done]}
    )
    console.print(f"written to {file}")


def peer_jobs(runs: int, *, quick: bool) -> list[Job]:
    """Every peer at every length of work; peers that take seconds per candidate are given fewer."""
    jobs = []
    for seconds in QUICK if quick else COUNTS:
        for name in QUICK_PEERS if quick else PEERS:
            counts = QUICK if quick else SLOW_COUNTS if PEERS[name].slow else COUNTS
            jobs.append(Job(peer=name, load=Load(seconds=seconds, candidates=counts[seconds], slots=SLOTS), runs=runs))
    return jobs


def growth_jobs(*, quick: bool) -> list[Job]:
    """Ours with more workers and more candidates, once each, asked for at one rate; those that fit into memory."""
    room = psutil.virtual_memory().available // WORKER_BYTES
    sizes = ((2, 100),) if quick else tuple(size for size in GROWN if size[0] <= room)
    return [
        Job(
            peer="ours",
            load=Load(seconds=workers / PER_SECOND, candidates=candidates, slots=workers, limit_seconds=1800.0),
            runs=1,
        )
        for workers, candidates in sizes
    ]


def peers_table(done: Mapping[Job, Sequence[Figures]], runs: int) -> Table:
    """One line per peer and length of work."""
    columns = ("work s", "peer", "as", "candidates", "useful %", "overhead ms", "start-up s")
    shown = Table(*columns, box=None, caption=CAPTION.format(runs=runs))
    for job, several in done.items():
        found = middle(several) if several else None
        cells = (
            ("-", "-", "-", "-")
            if found is None
            else (
                _count(found, job.load),
                f"{100 * found.share:.1f}",
                f"{found.overhead_ms:.1f}",
                f"{found.startup_seconds:.1f}",
            )
        )
        shown.add_row(f"{job.load.seconds:g}", job.peer, PEERS[job.peer].settings, *cells)
    return shown


def growth_table(done: Mapping[Job, Sequence[Figures]]) -> Table:
    """One line per number of workers and candidates."""
    columns = ("workers", "work s", "candidates", "useful %", "candidates/s", "overhead ms", "start-up s")
    shown = Table(
        *columns, box=None, caption=f"ours, asked for at most {PER_SECOND} candidates/s; 64 workers share the cores"
    )
    for job, several in done.items():
        for found in several:
            shown.add_row(
                str(job.load.slots),
                f"{job.load.seconds:g}",
                _count(found, job.load),
                f"{100 * found.share:.1f}",
                f"{found.per_second:.1f}",
                f"{found.overhead_ms:.1f}",
                f"{found.startup_seconds:.1f}",
            )
    return shown


def _count(found: Figures, load: Load) -> str:
    return (
        f"{load.candidates:,}" if found.noted >= load.candidates else f"{found.noted:,} of {load.candidates:,} in time"
    )


def _figures(job: Job, advance: Callable[[], None]) -> list[Figures]:
    found = []
    for _ in range(job.runs):
        try:
            found.append(measured(job.peer, job.load))
        except NothingRanError as error:
            Console(stderr=True).print(str(error), markup=False)
        advance()
    return found


def _plain(job: Job, several: Sequence[Figures]) -> dict[str, object]:
    return {**asdict(job), "settings": PEERS[job.peer].settings, "found": [each.to_json() for each in several]}


if __name__ == "__main__":
    main()
