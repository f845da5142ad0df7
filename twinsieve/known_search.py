"""`KnownSearch`: what both handles of a search have: its last known state, and how they look."""

import time
from typing import Any

from twinsieve.candidate import Candidate
from twinsieve.errors import SearchEndedError, WaitTimeoutError
from twinsieve.search_state import SearchState

POLL_SECONDS = 1.0


class KnownSearch:
    """A search of which `state` was known last; what is asked or changed through the handle renews it."""

    def __init__(self, state: SearchState) -> None:
        self.state = state

    @property
    def id(self) -> str:
        """As `twinsieve ls` and the page show it."""
        return self.state.id

    @property
    def status(self) -> str:
        """queued, running, paused, succeeded, failed or cancelled; as known last."""
        return self.state.status

    @property
    def best(self) -> Candidate | None:
        """The best within the bounds by proxy score; as known last."""
        return self.state.best

    @property
    def spec(self) -> dict[str, Any]:
        """What was submitted, with the defaults that it left out."""
        return dict(self.state.spec)

    def check(self) -> None:
        """Refuse a search that ended otherwise than succeeded.

        Raises:
            SearchEndedError: it failed or was cancelled.
        """
        if self.state.ended and self.status != "succeeded":
            why = f": {self.state.error}" if self.state.error else ""
            raise SearchEndedError(f"search {self.id} {self.status}{why}", self.status)

    def _pause(self, poll_seconds: float, *, since: float, timeout_seconds: float | None) -> float:
        """Seconds until the next look, in a wait that began at `since` (monotonic).

        Raises:
            WaitTimeoutError: the time is over.
        """
        if timeout_seconds is None:
            return poll_seconds
        left = since + timeout_seconds - time.monotonic()
        if left <= 0:
            raise WaitTimeoutError(f"search {self.id} is {self.status} after {timeout_seconds:g} s; it goes on")
        return min(poll_seconds, left)

    def __repr__(self) -> str:
        done, best = self.state.progress, self.best
        scored = "" if best is None or best.accuracy is None else f", best {best.accuracy:.4f}"
        counts = f"{done.told} of {done.budget} candidates{scored}"
        return f"<search {self.id} {self.state.name!r} {self.status}, {counts}>"

    def _repr_html_(self) -> str:
        from twinsieve.notebook import search_html

        return search_html(self.state)
