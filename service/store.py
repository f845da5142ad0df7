"""`Store`: everything that is kept, by noun, over one engine."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import Engine

from service.candidates import Candidates
from service.leases import Leases
from service.searches import Clock, Searches, utc_now


@dataclass(frozen=True, slots=True)
class Store:
    """The one door to the database."""

    engine: Engine
    searches: Searches
    leases: Leases
    candidates: Candidates
    clock: Clock

    @classmethod
    def on(cls, engine: Engine, *, clock: Clock = utc_now, lease_seconds: float = 15.0, max_attempts: int = 3) -> Self:
        """A store whose parts share `clock`; the schema must be current."""
        leases = Leases(engine, clock, lease_seconds=lease_seconds, max_attempts=max_attempts)
        return cls(engine, Searches(engine, clock), leases, Candidates(engine, clock), clock)
