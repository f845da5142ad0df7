"""`Store`: everything that is kept, by noun, over one engine."""

from dataclasses import dataclass
from functools import partial
from typing import Self

from sqlalchemy import Engine

from service.domain.quota import Quota
from service.events.journal import Journal
from service.events.webhooks import Webhooks
from service.people.keys import Keys
from service.people.quotas import Quotas
from service.searches.candidates import Candidates
from service.searches.leases import Leases
from service.searches.log_tails import LogTails
from service.searches.searches import Searches
from service.storage.clock import Clock, utc_now
from service.storage.lost_connections import patient


@dataclass(frozen=True, slots=True)
class Store:
    """The one door to the database."""

    engine: Engine
    searches: Searches
    leases: Leases
    candidates: Candidates
    log_tails: LogTails
    journal: Journal
    keys: Keys
    quotas: Quotas
    webhooks: Webhooks
    clock: Clock

    @classmethod
    def on(
        cls,
        engine: Engine,
        *,
        clock: Clock = utc_now,
        lease_seconds: float = 15.0,
        max_attempts: int = 3,
        start_seconds: float = 0.0,
        quota: Quota | None = None,
        patience_seconds: float = 5.0,
    ) -> Self:
        """A store whose parts share `clock`; the schema must be current.

        `quota` is for owners of whom nothing is said: without it they may use as much as there is. Where the database
        is lost, what was asked for is tried again for `patience_seconds`.
        """
        waiting = partial(patient, seconds=patience_seconds)
        quotas = waiting(Quotas(engine, clock, quota))
        leases = Leases(
            engine,
            clock,
            lease_seconds=lease_seconds,
            max_attempts=max_attempts,
            start_seconds=start_seconds,
            quotas=quotas,
        )
        return cls(
            engine=engine,
            searches=waiting(Searches(engine, clock, quotas=quotas)),
            leases=waiting(leases),
            candidates=waiting(Candidates(engine, clock)),
            log_tails=LogTails(engine, clock),  # not worth waiting for
            journal=waiting(Journal(engine)),
            keys=waiting(Keys(engine, clock)),
            quotas=quotas,
            webhooks=waiting(Webhooks(engine, clock)),
            clock=clock,
        )
