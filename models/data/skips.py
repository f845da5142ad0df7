"""What was left out of the data, counted by reason: nothing is ever dropped silently."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from models.data.errors import BadExampleError, Reason


class OnError(StrEnum):
    """What a bad example does."""

    RAISE = "raise"
    SKIP = "skip"


class Skips:
    """Counts what is left out; one belongs to whoever reads the data, and says what it found there."""

    def __init__(self, on_error: OnError = OnError.RAISE) -> None:
        self.on_error = on_error
        self._counts: Counter[Reason] = Counter()
        self._first: dict[Reason, str] = {}

    @property
    def counts(self) -> Mapping[Reason, int]:
        """How many examples were left out, by reason."""
        return dict(self._counts)

    @property
    def first(self) -> Mapping[Reason, str]:
        """For each reason, the message of its first example."""
        return dict(self._first)

    def meet(self, error: BadExampleError) -> None:
        """Raise a fault, or count it where faults are skipped."""
        if self.on_error is OnError.RAISE:
            raise error
        self.count(error.reason, str(error))

    def count(self, reason: Reason, example: str) -> None:
        """Count what a published rule leaves out: no fault, so it never raises."""
        self._counts[reason] += 1
        self._first.setdefault(reason, example)

    def __str__(self) -> str:
        lines = (f"{number} with {reason} (first: {self._first[reason]})" for reason, number in self._counts.items())
        return "; ".join(lines) or "nothing left out"
