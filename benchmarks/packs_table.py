"""The figures of `benchmarks.scoring` as tables, from what was recorded."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from benchmarks.packs_ways import BF16, FRESH, PLAIN
from benchmarks.spread import paired

OTHERS = ("2 threads", BF16.format(""))  # these sum up, or round, in another way
COLUMNS = (
    "way",
    "candidates / min",
    "times as fast",
    "as a process each",
    "difference",
    "products",
    "attention",
    "peak, GiB",
)


def tables(figures: Mapping[str, Any]) -> Iterator[Table]:
    """Scoring, then the screen; medians over turns, ratios within each turn."""
    ways, profiles = figures["ways"], figures["profiles"]
    speeds = {way: each["per_minute"] for way, each in ways.items()}
    what = f"{figures['candidates']} candidates of {figures['backbone']} on {figures['device']}"
    shown = Table(*COLUMNS, title=f"{what}; packs chosen: {figures['pack_chosen']}", box=None)
    for way, each in ways.items():
        ratios = (paired(speeds[way], speeds[PLAIN]), paired(speeds[way], speeds[FRESH]))
        cells = (f"{ratio:.2f}" for ratio in ratios)
        shown.add_row(way, _speed(speeds[way]), *cells, f"{each['difference']:.2g}", *_profile(profiles.get(way)))
    yield shown
    yield _screen(figures["screen"])


def _screen(found: Mapping[str, Any]) -> Table:
    what = f"{found['masks']} masks by {found['examples']} examples"
    warm = f"warm start of {found['warm_steps']} steps: {found['warm_seconds']:.1f} s"
    shown = Table("way", "masks / min", "times as fast", "difference", title=f"{what}; {warm}", box=None)
    speeds = {way: each["per_minute"] for way, each in found["found"].items()}
    *_, singly = speeds.values()
    for way, each in found["found"].items():
        shown.add_row(way, _speed(speeds[way]), f"{paired(speeds[way], singly):.2f}", f"{each['difference']:.2g}")
    return shown


def _speed(turns: Sequence[float]) -> str:
    return f"{statistics.median(turns):,.1f}"


def _profile(profile: Mapping[str, float] | None) -> tuple[str, ...]:
    if profile is None:
        return ("", "", "")
    return f"{profile['products']:.1%}", f"{profile['attention']:.1%}", f"{profile['peak_memory_gib']:.2f}"


def different(figures: Mapping[str, Any]) -> list[str]:
    """The ways of one thread in float32 whose accuracies are not those of one candidate at a time."""
    scored, masks = figures["ways"].items(), figures["screen"]["found"].items()
    return [way for way, each in (*scored, *masks) if each["difference"] and not way.endswith(OTHERS)]
