"""What a measurement of the service times looks like, made up."""

import pytest

from benchmarks.scale_database import DatabaseTimes
from benchmarks.scale_driver import AlgorithmTime
from benchmarks.scale_measured import ALONE, POSTGRES, SQLITE, Measured
from benchmarks.scale_memory import LedgerMemory
from benchmarks.scale_services import QueueTime
from benchmarks.spread import Spread


@pytest.fixture
def scale_measured() -> Measured:
    ask, tell = (Spread(mean=mean, median=mean, p99=2 * mean, count=10) for mean in (2.0, 4.0))
    times = {"steady": 500.0, ALONE.format("steady"): 100.0}
    return Measured(
        database=[
            DatabaseTimes(database=name, stored=10, ask=ask, tell=tell, transaction_ms=2.0, row_ms=0.2)
            for name in (SQLITE, POSTGRES)
        ],
        algorithms=[
            AlgorithmTime(algorithm=name, history=10, candidates=5, microseconds=time, worst_ms=1.0)
            for name, time in times.items()
        ],
        pump_microseconds=4.0,
        queue=[QueueTime(pack=pack, slots=10, seconds=1e-3 * (pack + 1)) for pack in (1, 8)],
        report_seconds=1e-3,
        ledger=[LedgerMemory(rows=1000, megabytes=1.0)],
    )
