"""`DispatcherMetrics`: what Prometheus reads from a dispatcher, on a port of its own where an installation sets one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, start_http_server
from sqlalchemy.exc import SQLAlchemyError

from service.driving.driver_process import Driver


class DispatcherMetrics:
    """The numbers of one dispatcher; no label names a search."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.started = self._counter("drivers_started", "Driver processes started.")
        self.ended = self._counter("drivers_ended", "Those that ended, by exit code or signal.", "code")
        self.lease_losses = self._counter(
            "dispatcher_lease_losses", "Drivers at whose end somebody else was driving their search already."
        )
        self.deliveries = self._counter("webhook_deliveries", "Attempts to tell a webhook, by result.", "result")
        running = Gauge("twinsieve_drivers_running", "Driver processes now.", registry=self.registry)
        running.set_function(self._count_running)
        ProcessCollector(registry=self.registry)
        self._lock = threading.Lock()
        self._drivers: list[Driver] = []

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[int]:
        """Answer at `http://host:port/metrics` from a thread as long as the block lasts; the port, where 0 was given.

        Raises:
            OSError: the port cannot be had.
        """
        server, thread = start_http_server(port, host, self.registry)
        try:
            yield int(server.server_port)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def watched(self, driver: Driver, lost: Callable[[], bool]) -> Driver:
        """A driver just started, counted; `lost` is asked at its end whether its search was somebody else's by then."""
        watched = _Watched(driver, self, lost)
        self.started.inc()
        self._count_running()  # forgets those that ended, also where nobody reads the numbers
        with self._lock:
            self._drivers.append(watched)
        return watched

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"twinsieve_{name}", text, labels, registry=self.registry)

    def _count_running(self) -> int:
        """Also sees the end of those that the dispatcher killed and forgot."""
        with self._lock:
            self._drivers = [each for each in self._drivers if each.poll() is None]
            return len(self._drivers)


class _Watched:
    """A driver whose end is counted once, by whoever sees it first."""

    def __init__(self, driver: Driver, metrics: DispatcherMetrics, lost: Callable[[], bool]) -> None:
        self._driver = driver
        self._metrics = metrics
        self._lost = lost
        self._lock = threading.Lock()
        self._counted = False
        self.terminate = driver.terminate
        self.kill = driver.kill
        self.last_words = driver.last_words

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        code = self._driver.poll()
        with self._lock:
            if code is not None and not self._counted:
                self._counted = True
                self._count(code)
        return code

    def _count(self, code: int) -> None:
        self._metrics.ended.labels(str(code) if code >= 0 else f"signal {-code}").inc()
        with suppress(SQLAlchemyError):  # a database that is away has no say in how a driver ended
            self._metrics.lease_losses.inc(self._lost())
