"""A run and points for trackers, and a tracker that remembers what it was told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.tracking.tracker import Ending, Point, Run

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
RUN = Run(
    search_id="0" * 25 + "a",
    name="first",
    owner="ada",
    labels=("paper", "draft"),
    version="1",
    began=BEGAN,
    spec={"seed": 7, "budget": {"candidates": 3, "macs_ratio": 0.8}, "objectives": ["accuracy"]},
)


def points(first: int, last: int) -> list[Point]:
    """Those of the steps from `first` to `last`, one a second."""
    return [
        Point(step, BEGAN + timedelta(seconds=step), {"search/candidate": step - 1.0, "proxy/accuracy": step / 100})
        for step in range(first, last + 1)
    ]


class Remembering:
    """A tracker; while `broken` it raises."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.runs: list[Run] = []
        self.points: list[Point] = []
        self.ends: list[tuple[Ending | None, Sequence[Path]]] = []
        self.tries = 0

    def begin(self, run: Run) -> None:
        self._refuse()
        self.runs.append(run)

    def write(self, points: Sequence[Point]) -> None:
        self._refuse()
        self.points += points

    def end(self, ending: Ending | None, files: Sequence[Path]) -> None:
        self._refuse()
        self.ends.append((ending, files))

    def _refuse(self) -> None:
        self.tries += 1
        if self.broken:
            raise ConnectionError("nobody\nis there")
