"""`CountedDeliveries`: what became of each attempt to tell a webhook, also as a number for Prometheus."""

from prometheus_client import Counter
from sqlalchemy import Engine

from service.events.deliveries import MAX_ATTEMPTS, Deliveries, DueDelivery
from service.storage.clock import Clock, utc_now


class CountedDeliveries(Deliveries):
    """Counts under the label `result`: delivered, retried (later), given-up."""

    def __init__(self, engine: Engine, clock: Clock = utc_now, *, counter: Counter) -> None:
        super().__init__(engine, clock)
        self._counter = counter

    def delivered(self, due: DueDelivery) -> None:
        """It arrived."""
        super().delivered(due)
        self._counter.labels("delivered").inc()

    def failed(self, due: DueDelivery, error: str) -> None:
        """It did not."""
        super().failed(due, error)
        self._counter.labels("given-up" if due.attempt >= MAX_ATTEMPTS else "retried").inc()
