"""`Retries`: how often a call is tried again, and how long is waited in between."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Waits double from `first_seconds`; each is cut by up to a half at random, so that clients do not come at once.

    The scheme is exponential back-off with equal jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
    Blog, 2015).
    """

    attempts: int = 4  # the first one included
    first_seconds: float = 0.25
    most_seconds: float = 10.0  # of one wait, also where the service asks for more patience

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"expected at least 1 attempt, got {self.attempts}; 1 tries nothing again")
        if not 0 <= self.first_seconds <= self.most_seconds:
            raise ValueError(
                f"expected 0 <= first_seconds <= most_seconds, got {self.first_seconds:g} and {self.most_seconds:g}"
            )

    def seconds(self, failures: int, luck: float) -> float:
        """How long to wait after so many `failures` in a row, at least 1; `luck` is between 0 and 1."""
        longest = min(self.most_seconds, self.first_seconds * 2.0 ** min(failures - 1, 30))
        return longest * (0.5 + luck / 2)


DEFAULT = Retries()
ONCE = Retries(attempts=1)
PATIENT = Retries(attempts=12, first_seconds=0.5)
"""About a minute: what waits for a search outlives a restart of the service."""
