"""The figures of `benchmarks.load` as tables, from what was recorded."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

NUMBERS = ("per s", "p50 ms", "p99 ms", "errors")
STORE, API = "our store", "our API"
SERVED = {"create": "submit", "poll": "poll", "page": "candidates"}
"""The requests that operations of a peer's server are like."""


def tables(figures: Mapping[str, Any]) -> Iterator[Table]:
    """Requests alone and together, what drivers do and followers see, peers, and many at once."""
    amounts = figures["sizes"]["amounts"]
    stored = f"{amounts['searches']:,} searches, {amounts['candidates']:,} candidates stored"
    yield _requests(figures, stored)
    yield _inside(figures, stored)
    yield _peers(figures)
    yield _words(figures)
    yield _concurrency(figures["concurrency"])


def _requests(figures: Mapping[str, Any], stored: str) -> Table:
    sizes = figures["sizes"]
    title = f"over HTTP, {sizes['apis']} API processes, {stored}"
    caption = "core ms: of the API, for one answer; *: all kinds at once, at these rates"
    shown = Table("database", "request", "load", *NUMBERS, "core ms", title=title, caption=caption, box=None)
    for database, found in figures["databases"].items():
        ours = found["ours"]
        for kind, timed in ours["closed"].items():
            connections = f"{sizes['connections']} in turn"
            shown.add_row(database, kind, connections, *_cells(timed), f"{ours['cpu_ms'][kind]:.1f}")
            shown.add_row(database, kind, f"{figures['rates']['alone'][kind]:g} / s", *_cells(ours["paced"][kind]))
            shown.add_row(database, kind, f"{figures['rates']['mixed'][kind]:g} / s*", *_cells(ours["mixed"][kind]))
    return shown


def _inside(figures: Mapping[str, Any], stored: str) -> Table:
    writers = figures["sizes"]["writers"]
    shown = Table("database", "what", *NUMBERS, title=f"drivers and followers, {stored}", box=None)
    for database, found in figures["databases"].items():
        ours = found["ours"]
        shown.add_row(database, f"ask and tell, {writers} drivers", *_cells(ours["store"]["tell"]))
        shown.add_row(database, f"claim, release, {writers} at once", *_cells(ours["claim"]))
        live = ours["live"]
        words = f"to {live['streams']} followers, {live['share']:.0%} came"
        shown.add_row(database, words, "", f"{live['delay']['median']:.0f}", f"{live['delay']['p99']:.0f}")
    return shown


def _peers(figures: Mapping[str, Any]) -> Table:
    sizes = figures["peer_sizes"]
    title = f"beside others, which have {sizes['studies']:,} studies and {sizes['trials']:,} trials stored"
    caption = "a library beside our store, a server beside our API, both beside our drivers' tells"
    shown = Table("database", "system", "operation", *NUMBERS, "ours / theirs", title=title, caption=caption, box=None)
    for database, found in figures["databases"].items():
        ours = found["ours"]
        for operation, timed in ours["store"].items():
            shown.add_row(database, STORE, operation, *_cells(timed))
        for operation, kind in SERVED.items():
            shown.add_row(database, API, operation, *_cells(ours["closed"][kind]))
        for peer in found["peers"]:
            if peer["absent"]:
                shown.add_row(database, peer["name"], peer["absent"])
            for operation, times in peer["times"].items():
                ratio = figures["ratios"][database][peer["name"]].get(operation)
                words = "" if ratio is None else f"{ratio:.2f}x"
                shown.add_row(database, peer["name"], operation, *_cells(times), words)
    return shown


def _words(figures: Mapping[str, Any]) -> Table:
    shown = Table("", "", title="what is asked", box=None, show_header=False)
    for kind, words in figures["words"].items():
        shown.add_row(kind, words)
    for operation, words in figures["store_words"].items():
        shown.add_row(f"{STORE}: {operation}", words)
    named = {peer["name"]: peer["words"] for found in figures["databases"].values() for peer in found["peers"]}
    for name, several in named.items():
        for operation, words in several.items():
            shown.add_row(f"{name}: {operation}", words)
    return shown


def _concurrency(found: Mapping[str, Any]) -> Table:
    shown = Table("", "", title=f"many at once on PostgreSQL, {found['seconds']:.0f} s", box=None, show_header=False)
    shown.add_row("so it is", "as it should be" if found["right"] else "WRONG")
    for name, value in found.items():
        if name not in ("right", "seconds"):
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else f"{value:,}"
            shown.add_row(name.replace("_", " "), text)
    return shown


def _cells(timed: Mapping[str, Any]) -> tuple[str, ...]:
    times = timed["times"]
    errors = ", ".join(f"{count} x {name}" for name, count in timed["errors"].items())
    return f"{timed['per_second']:,.1f}", f"{times['median']:.1f}", f"{times['p99']:.1f}", errors
