"""The measurements that need no cluster, at tiny sizes; the tables from recorded JSON."""

import json
import shutil
import tempfile
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import scale
from benchmarks.scale_database import database_times, postgres
from benchmarks.scale_driver import algorithm_times, pump_microseconds
from benchmarks.scale_measured import Measured
from benchmarks.scale_memory import ledger_memory
from benchmarks.scale_table import tables


def test_a_database_is_filled_and_timed_at_each_length_of_history(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'twinsieve.sqlite'}"
    short, long = database_times(url, name="SQLite", stored=(5, 200), samples=3)
    assert (short.stored, long.stored) == (5, 200)
    for each in (short, long):
        assert 0 < each.ask.median <= each.ask.p99
        assert 0 < each.tell.median <= each.tell.p99
        assert each.ask.count == 3
        assert each.row_ms < each.ask.mean + each.tell.mean, "one of many costs less than one alone"


def test_postgres_is_timed_as_well() -> None:
    folder = Path(tempfile.mkdtemp(prefix="twinsieve-scale-"))
    try:
        with postgres(folder / "data") as url:
            (found,) = database_times(url, name="PostgreSQL", stored=(3,), samples=2)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert found.ask.median > 0
    assert found.tell.count == 2


def test_an_algorithm_is_timed_after_its_history_and_where_patience_ends() -> None:
    short, long = algorithm_times({"name": "random"}, name="random", histories=(5, 30), candidates=12, patience=60.0)
    assert (short.history, long.history) == (5, 30)
    assert long.candidates == 12
    assert long.worst_ms >= long.microseconds / 1e3 > 0
    (left,) = algorithm_times({"name": "random"}, name="random", histories=(5, 30), candidates=12, patience=0.0)
    assert left.history == 0
    assert left.candidates == 10


def test_the_pump_is_timed() -> None:
    assert 0 < pump_microseconds(2000) < 1e4


def test_a_ledger_grows_in_proportion() -> None:
    small, large = (ledger_memory(rows, names=("accuracy", "macs")) for rows in (200, 2000))
    assert 200 < large.bytes_per_row < 2000
    assert large.bytes_per_row == pytest.approx(small.bytes_per_row, rel=0.3)
    assert large.gigabytes_at(1_000_000) == pytest.approx(large.bytes_per_row / 1e3)


def test_tables_come_from_recorded_json(scale_measured: Measured) -> None:
    figures = json.loads(json.dumps(scale.to_json(scale_measured, algorithm="steady", candidates=500)))
    console = Console(width=200, record=True, file=StringIO())
    for each in tables(figures):
        console.print(each)
    text = console.export_text()
    assert "as is, SQLite" in text
    assert "1,000 GPUs, 500 candidates of 60 s" in text
    assert "driver at" in text
    assert "1.00 GB" in text
