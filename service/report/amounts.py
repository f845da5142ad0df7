"""Numbers as a report writes them, in tables and in sentences; `NOTHING` where there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from search.contracts import Measurement

NOTHING = "\u2013"
MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that is measured: what a table's head calls it, unit included, and how its numbers are written."""

    head: str
    write: Callable[[float], str]


def percent(share: float) -> str:
    """A share, 0 to 1, as percent without the sign."""
    return f"{100 * share:.2f}"


def mega(count: float) -> str:
    """A count in millions."""
    return f"{count / 1e6:,.2f}"


def signed(value: float) -> str:
    """With its sign, and two digits behind the point."""
    return f"{value:+.2f}".replace("-", MINUS)


def duration(seconds: float | None) -> str:
    """Seconds as people say them: two units at most, the smaller one rounded, halves up."""
    if seconds is None:
        return NOTHING
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    minutes = int(seconds / 60 + 0.5)
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def moment(at: datetime | None) -> str:
    """To the second, in UTC."""
    return NOTHING if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def chromosome(genome: tuple[int, ...]) -> str:
    """A digit for each gene; numbers with commas where a gene has more than ten choices."""
    return ("" if all(gene < 10 for gene in genome) else ",").join(map(str, genome))


QUANTITIES: Mapping[str, Quantity] = {
    "accuracy": Quantity("accuracy (%)", percent),
    "macs": Quantity("MACs (M)", mega),
    "parameters": Quantity("parameters (M)", mega),
    "trainable_parameters": Quantity("trained (M)", mega),
    "latency_ms": Quantity("latency (ms)", "{:,.2f}".format),
    "peak_memory_mb": Quantity("memory (MiB)", "{:,.1f}".format),
}
"""What most measurements have; anything else goes under its own name."""


def quantity(name: str) -> Quantity:
    """How a table shows a measured name."""
    return QUANTITIES.get(name, Quantity(name, "{:.4g}".format))


def cell(measurement: Measurement | None, name: str) -> str:
    """A measured number, or `NOTHING`."""
    value = (measurement or {}).get(name)
    return NOTHING if value is None else quantity(name).write(value)
