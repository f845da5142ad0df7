"""`ApiMetrics`: what Prometheus reads from an API process. Every label has few values; none names a search or a path.

What is read from the database is the same in every API of an installation: a graph takes the largest, not the sum.
"""

import logging
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from prometheus_client import CollectorRegistry, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from search.contracts import Fidelity
from service.domain.action import Action
from service.observing.census import Census, Now
from service.observing.failure_class import FailureClass
from service.observing.tally import Totals

logger = logging.getLogger(__name__)

Known = TypeVar("Known", bound=StrEnum)
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0)  # seconds


class ApiMetrics:
    """The numbers of one API process; each application has its own."""

    def __init__(self, census: Census) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "twinsieve_http_request_seconds",
            "Time from a request to the beginning of its answer.",
            ("route", "method", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "twinsieve_http_requests_in_progress", "Requests, event streams among them.", registry=self.registry
        )
        self.registry.register(_OfTheDatabase(census))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)


class _OfTheDatabase(Collector):
    """Asks the census whenever Prometheus asks."""

    def __init__(self, census: Census) -> None:
        self._census = census

    def describe(self) -> Iterable[Metric]:
        """Nothing: to register must not ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """All that the census knows; where the database is silent, that it is, and the sums by then."""
        up = GaugeMetricFamily("twinsieve_database_up", "1 where the database answered.")
        try:
            yield from _of(self._census.look())
            up.add_metric((), 1)
        except SQLAlchemyError as error:
            logger.error("the database does not answer: %s", error)
            up.add_metric((), 0)
        yield up
        yield from _of_totals(self._census.totals)


def _of(now: Now) -> Iterable[Metric]:
    searches = GaugeMetricFamily("twinsieve_searches", "Searches by status.", labels=("status",))
    for status, count in now.searches.items():
        searches.add_metric((status,), count)
    yield searches
    for name, text, value in (
        ("queue_oldest_seconds", "How long the oldest queued search has waited.", now.oldest_queued_seconds),
        ("worker_slots", "Workers that the running searches want.", now.slots),
        ("worker_slots_busy", "Of those, how many have a candidate in flight at least.", now.busy_slots),
        ("webhook_deliveries_pending", "Deliveries to webhooks that are still to be made.", now.deliveries),
    ):
        yield GaugeMetricFamily(f"twinsieve_{name}", text, value=value)


def _of_totals(totals: Totals) -> Iterable[Metric]:
    yield _counter("candidates_told", "Candidates with an outcome.", "fidelity", Fidelity, totals.told)
    yield _counter("candidates_reused", "Of those, measured by an earlier search.", "fidelity", Fidelity, totals.reused)
    yield _counter("scoring_seconds", "Time that workers spent on scoring.", "fidelity", Fidelity, totals.seconds)
    yield _counter("candidates_failed", "Candidates that failed.", "reason", FailureClass, totals.failed)
    yield _counter("journal_entries", "What happened to searches and people.", "action", Action, totals.entries)
    yield CounterMetricFamily(
        "twinsieve_lease_losses", "Searches claimed again after their driver fell silent.", value=totals.lost_leases
    )


def _counter(name: str, text: str, label: str, known: Iterable[Known], values: Mapping[Known, float]) -> Metric:
    """From 0 on for every value of the label: a rate needs a first point."""
    family = CounterMetricFamily(f"twinsieve_{name}", text, labels=(label,))
    for each in known:
        family.add_metric((each,), values.get(each, 0))
    return family
