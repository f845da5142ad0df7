"""How many bytes the driver keeps for each candidate that a search has measured."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass

from search.ledger import Ledger

GENES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMemory:
    """What a ledger of `rows` told candidates holds; Python objects of its own, nothing shared."""

    rows: int
    megabytes: float

    @property
    def bytes_per_row(self) -> float:
        """Of one candidate and its measurement."""
        return 1e6 * self.megabytes / self.rows

    def gigabytes_at(self, rows: int) -> float:
        """The same for another number of candidates, in proportion."""
        return self.megabytes / 1e3 * rows / self.rows


def ledger_memory(rows: int, *, names: Sequence[str]) -> LedgerMemory:
    """Fill a ledger with chromosomes of 24 genes and measurements of these names, every number an object of its own.

    As unpickled from a worker: the names of one measurement are not those of another.
    """
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        ledger = Ledger()
        for index in range(rows):
            ledger.ask(tuple(index >> gene & 1 for gene in range(GENES)))
            ledger.tell(index, {"".join(name): index + place / 8 for place, name in enumerate(names)})
        after, _ = tracemalloc.get_traced_memory()
        held = after - before
    finally:
        tracemalloc.stop()
    if ledger.awaited:
        raise RuntimeError(f"{ledger.awaited} of {rows} candidates are not told")
    return LedgerMemory(rows=rows, megabytes=held / 1e6)
