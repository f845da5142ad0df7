"""The figures of `benchmarks.scale` as tables, from what was recorded."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

SEARCHES = (
    "arrangement",
    "candidates / s",
    "GPUs busy",
    "database",
    "queue actor",
    "driver",
    "Tune",
    "saturates first",
)


def tables(figures: Mapping[str, Any]) -> Iterator[Table]:
    """What was measured, the searches by the time of a candidate, and what moves their bottleneck."""
    yield _database(figures["measured"]["database"])
    yield _driver(figures)
    for seconds in dict.fromkeys(each["load"]["seconds"] for each in figures["searches"]):
        yield _searches(figures, seconds)
    yield _moves(figures["moves"])


def _database(found: list[Mapping[str, Any]]) -> Table:
    columns = ("database", "stored", "ask, ms", "p99", "tell, ms", "p99", "one of many: transaction, ms", "row, ms")
    shown = Table(*columns, title="writing down one candidate: median and 99th percentile", box=None)
    for each in found:
        times = (each["ask"]["median"], each["ask"]["p99"], each["tell"]["median"], each["tell"]["p99"])
        together = (each["transaction_ms"], each["row_ms"])
        shown.add_row(each["database"], f"{each['stored']:,}", *(f"{value:.2f}" for value in (*times, *together)))
    return shown


def _driver(figures: Mapping[str, Any]) -> Table:
    measured = figures["measured"]
    shown = Table("the rest", "", title="means", box=None)
    for each in measured["algorithms"]:
        words = f"{each['microseconds']:,.0f} µs, at worst {each['worst_ms']:,.1f} ms"
        shown.add_row(f"{each['algorithm']}: ask and tell after {each['history']:,}", words)
    shown.add_row("pump, a candidate", f"{measured['pump_microseconds']:.1f} µs")
    for each in measured["queue"]:
        words = f"{1 / each['seconds']:,.0f} / s, {each['pack'] / each['seconds']:,.0f} candidates / s"
        shown.add_row(f"queue actor: round trips of {each['slots']:,} workers, packs of {each['pack']}", words)
    shown.add_row("Tune: reports", f"{1 / measured['report_seconds']:,.0f} / s")
    for each in measured["ledger"]:
        shown.add_row(f"ledger of {each['rows']:,}", f"{1e6 * each['megabytes'] / each['rows']:,.0f} bytes a candidate")
    for rows, gigabytes in figures["ledger_gigabytes"].items():
        shown.add_row(f"ledger of {int(rows):,}, in proportion", f"{gigabytes:.2f} GB")
    for rows, seconds in figures["replay_seconds"].items():
        shown.add_row(f"replay of {int(rows):,}, in proportion", f"{seconds:,.0f} s")
    return shown


def _searches(figures: Mapping[str, Any], seconds: float) -> Table:
    found = [each for each in figures["searches"] if each["load"]["seconds"] == seconds]
    load = found[0]["load"]
    what = (
        f"{load['gpus']:,} GPUs, {load['candidates']:,} candidates of {seconds:g} s, {figures['algorithm']}: simulated"
    )
    shown = Table(*SEARCHES, title=what, box=None)
    for each in found:
        shares = (each["gpu_share"], each["database_share"], each["shares"]["queue actor"], each["shares"]["driver"])
        first = f"{each['first']['station']} at {each['first']['gpus']:,.0f} GPUs"
        cells = (f"{share:.1%}" for share in (*shares, each["tune_share"]))
        shown.add_row(each["setting"], f"{each['throughput']:,.1f}", *cells, first)
    return shown


def _moves(found: list[Mapping[str, Any]]) -> Table:
    columns = ("candidate, s", "saturated", "at GPUs", "the change", "then saturates", "at GPUs")
    shown = Table(*columns, title="what moves the bottleneck, on PostgreSQL", box=None)
    for each in found:
        before, after = each["before"], each["after"]
        numbers = (
            before["station"],
            f"{before['gpus']:,.0f}",
            each["change"],
            after["station"],
            f"{after['gpus']:,.0f}",
        )
        shown.add_row(f"{each['seconds']:g}", *numbers)
    return shown
