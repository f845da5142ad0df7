"""`Reuse`: what earlier searches measured of the same architecture in the same way, so that nobody does it again."""

from collections.abc import Callable

from search.contracts import Candidate
from service.candidates import Candidates
from service.records import Earlier

Key = Callable[[Candidate], str | None]
"""Under which key a candidate's measurement is stored; None where it is this search's alone."""


class Reuse:
    """Every measurement is stored under its key; whether earlier ones are taken over is the spec's to say.

    A failure is never taken over: lack of memory or a lost worker may not come again.
    """

    def __init__(self, candidates: Candidates, key: Key, *, wanted: bool) -> None:
        self._candidates = candidates
        self.key = key
        self._wanted = wanted

    def found(self, candidate: Candidate) -> Earlier | None:
        """The measurement that `candidate` has already, with no scoring time; None where a worker must make it."""
        key = self.key(candidate) if self._wanted else None
        earlier = None if key is None else self._candidates.measured_as(key)
        if earlier is None:
            return None
        return Earlier({**earlier.measurement, "seconds": 0.0}, earlier.search_id)
