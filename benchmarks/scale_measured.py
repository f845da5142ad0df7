"""Every service time of one machine, measured in one go, and the load on the stations that follows from them."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmarks.scale_database import DatabaseTimes, database_times, postgres
from benchmarks.scale_driver import AlgorithmTime, algorithm_times, pump_microseconds
from benchmarks.scale_memory import LedgerMemory, ledger_memory
from benchmarks.scale_services import QueueTime, Services
from workers.cluster import secure

SQLITE, POSTGRES = "SQLite", "PostgreSQL"
KEYS = ("accuracy", "macs", "parameters", "trainable_parameters", "seconds", "elapsed_seconds")
PACKS = (1, 8)
ALONE = "{}, no surrogate"
SEARCHED: Mapping[str, Mapping[str, Any]] = {
    "steady": {"name": "steady", "population": 1000},
    "genetic": {"name": "genetic", "population": 1000},
    "nsga2": {"name": "nsga2", "population": 1000},
    "nsga3": {"name": "nsga3", "population": 1000},
}
"""Populations as a thousand workers need them."""
ALGORITHMS: Mapping[str, Mapping[str, Any]] = {
    **SEARCHED,
    **{ALONE.format(name): {**spec, "surrogate": None} for name, spec in SEARCHED.items()},
    "random": {"name": "random"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much is measured."""

    stored: Sequence[int]
    samples: int  # candidates written down one by one
    histories: Sequence[int]
    candidates: int  # asked and told after each history
    patience: float  # seconds to a history, and again there, before an algorithm is left at fewer
    population: int | None  # of the algorithms; None: as a thousand workers need it
    pumped: int
    slots: int
    rounds: int
    reports: int
    rows: Sequence[int]  # of the ledger


FULL = Amounts(
    stored=(10_000, 100_000),
    samples=1000,
    histories=(1_000, 10_000),
    candidates=2000,
    patience=60.0,
    population=None,
    pumped=200_000,
    slots=1000,
    rounds=5,
    reports=1000,
    rows=(10_000, 100_000),
)
QUICK = Amounts(
    stored=(500, 2_000),
    samples=64,
    histories=(50, 200),
    candidates=100,
    patience=1.0,
    population=20,
    pumped=10_000,
    slots=50,
    rounds=3,
    reports=50,
    rows=(1_000, 10_000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured; the last of a list is the one with the longest history."""

    database: Sequence[DatabaseTimes]
    algorithms: Sequence[AlgorithmTime]
    pump_microseconds: float
    queue: Sequence[QueueTime]
    report_seconds: float
    ledger: Sequence[LedgerMemory]

    def services(self, database: str, algorithm: str) -> Services:
        """The service times with one database and one algorithm, both with the longest history measured."""
        stored = [each for each in self.database if each.database == database][-1]
        single, pack = self.queue[0], self.queue[-1]
        handed = max(0.0, (pack.seconds - single.seconds) / (4 * (pack.pack - single.pack)))
        return Services(
            call=max(0.0, single.seconds - 4 * single.pack * handed),
            handed=handed,
            think=self._thinking(algorithm),
            think_alone=self._thinking(ALONE.format(algorithm)),
            recorded=(stored.ask.mean + stored.tell.mean) / 1e3,
            transaction=stored.transaction_ms / 1e3,
            row=stored.row_ms / 1e3,
            report=self.report_seconds,
        )

    def _thinking(self, algorithm: str) -> float:
        longest = [each for each in self.algorithms if each.algorithm == algorithm][-1]
        return (longest.microseconds + self.pump_microseconds) / 1e6

    @property
    def databases(self) -> list[str]:
        """Those measured."""
        return list(dict.fromkeys(each.database for each in self.database))


def measured(amounts: Amounts) -> Measured:
    """All of it; an interrupt ends it, as a load can be simulated only from all."""
    secure(os.environ)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # Ray leaves threads and memory behind
        queue, report = pool.submit(_ray, amounts).result()
    with tempfile.TemporaryDirectory(prefix="twinsieve-scale-") as scratch:
        database = list(_databases(Path(scratch), amounts))
    return Measured(
        database=database,
        algorithms=list(_algorithms(amounts)),
        pump_microseconds=pump_microseconds(amounts.pumped),
        queue=queue,
        report_seconds=report,
        ledger=[ledger_memory(rows, names=KEYS) for rows in amounts.rows],
    )


def _ray(amounts: Amounts) -> tuple[list[QueueTime], float]:
    # imported where the settings of an embedded cluster are in place, as Ray reads them when it is imported
    from benchmarks.scale_queue import cluster, queue_time, report_seconds

    with tempfile.TemporaryDirectory(prefix="twinsieve-scale-") as scratch, cluster(Path(scratch)):
        times = [queue_time(pack=pack, slots=amounts.slots, rounds=amounts.rounds) for pack in PACKS]
        return times, report_seconds(reports=amounts.reports, folder=Path(scratch))


def _databases(folder: Path, amounts: Amounts) -> Iterator[DatabaseTimes]:
    url = f"sqlite:///{folder / 'twinsieve.sqlite'}"
    yield from database_times(url, name=SQLITE, stored=amounts.stored, samples=amounts.samples)
    with postgres(folder / "postgres") as url:
        yield from database_times(url, name=POSTGRES, stored=amounts.stored, samples=amounts.samples)


def _algorithms(amounts: Amounts) -> Iterator[AlgorithmTime]:
    for name, spec in track(ALGORITHMS.items(), description="algorithms", transient=True):
        yield from algorithm_times(
            _sized(spec, amounts.population),
            name=name,
            histories=amounts.histories,
            candidates=amounts.candidates,
            patience=amounts.patience,
        )


def _sized(algorithm: Mapping[str, Any], population: int | None) -> Mapping[str, Any]:
    """With another population, where it has one."""
    return algorithm if population is None or "population" not in algorithm else {**algorithm, "population": population}
