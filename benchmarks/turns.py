"""Several ways to do one thing, measured in turns, so that what disturbs the machine disturbs them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.console import Console
from rich.progress import Progress

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Turns(Generic[R]):
    """What was measured by way, in the order of the turns; `whole` says that nobody interrupted them."""

    found: dict[str, list[R]]
    whole: bool

    @property
    def count(self) -> int:
        """Turns in which every way was measured."""
        return min(map(len, self.found.values()))


def in_turns(ways: Sequence[str], repeats: int, measure: Callable[[str, int], R], *, title: str) -> Turns[R]:
    """Measure every way once in each of `repeats` turns, every other turn in the reverse order.

    `measure` gets the way and the number of the turn. An interrupt (Ctrl-C) ends it with the turns that are complete.

    Raises:
        KeyboardInterrupt: not one is.
    """
    complete: list[dict[str, R]] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(title, total=repeats * len(ways))
        try:
            for turn in range(repeats):
                found: dict[str, R] = {}
                for way in ways if turn % 2 == 0 else reversed(ways):
                    progress.update(bar, description=f"{title}: {way}")
                    found[way] = measure(way, turn)
                    progress.advance(bar)
                complete.append(found)
        except KeyboardInterrupt:
            if not complete:
                raise
    return Turns({way: [found[way] for found in complete] for way in ways}, whole=len(complete) == repeats)
