"""What a dispatcher tells Prometheus of its drivers."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from search.spec import SearchSpec
from service.cli.composition import dispatcher_metrics, open_store
from service.cli.errors import UserError
from service.domain.action import Action
from service.driving.dispatcher_metrics import DispatcherMetrics
from service.events.counted_deliveries import CountedDeliveries
from service.events.deliveries import MAX_ATTEMPTS, DueDelivery
from service.events.journal import Entry
from service.settings import Settings


class Ended:
    """A driver that ends when a test says so."""

    def __init__(self) -> None:
        self.code: int | None = None

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.code = 0

    def kill(self) -> None:
        self.code = -9

    def last_words(self) -> str:
        return "boom"


def value(metrics: DispatcherMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"twinsieve_{name}", labels)


def test_starts_and_ends_are_counted_once() -> None:
    metrics, toys = DispatcherMetrics(), [Ended() for _ in range(3)]
    first, second, _third = (metrics.watched(toy, lambda: False) for toy in toys)
    assert (value(metrics, "drivers_started_total"), value(metrics, "drivers_running")) == (3, 3)
    first.terminate()
    toys[1].code = 1
    for driver in (first, second, first, second):
        assert driver.poll() is not None
    assert second.last_words() == "boom"
    assert value(metrics, "drivers_ended_total", code="0") == 1
    assert value(metrics, "drivers_ended_total", code="1") == 1
    assert value(metrics, "drivers_running") == 1
    assert value(metrics, "dispatcher_lease_losses_total") == 0


def test_a_driver_that_was_killed_and_forgotten_is_seen() -> None:
    metrics = DispatcherMetrics()
    metrics.watched(Ended(), lambda: False).kill()
    assert value(metrics, "drivers_running") == 0
    assert value(metrics, "drivers_ended_total", code="signal 9") == 1


def test_the_search_was_somebody_elses() -> None:
    metrics, toy = DispatcherMetrics(), Ended()
    driver = metrics.watched(toy, lambda: True)
    assert driver.poll() is None
    assert value(metrics, "dispatcher_lease_losses_total") == 0
    toy.code = 0
    assert driver.poll() == 0
    assert value(metrics, "dispatcher_lease_losses_total") == 1


def test_over_http_for_as_long_as_the_dispatcher_works() -> None:
    metrics = DispatcherMetrics()
    metrics.deliveries.labels("delivered").inc()
    with metrics.served("127.0.0.1", 0) as port:
        address = f"http://127.0.0.1:{port}/metrics"
        found = httpx.get(address, trust_env=False)
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(found.text)
        for sample in family.samples
    }
    assert samples["twinsieve_webhook_deliveries_total", "delivered"] == 1
    assert samples["twinsieve_drivers_running",] == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, trust_env=False)


def test_no_port_unless_one_is_set() -> None:
    threads = threading.active_count()
    with dispatcher_metrics(Settings()) as metrics:
        assert threading.active_count() == threads
        assert value(metrics, "drivers_started_total") == 0


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"cannot listen on 127.0.0.1:{port}: Address already in use"):  # noqa: SIM117
            with dispatcher_metrics(Settings(metrics_port=port)):
                pytest.fail("it listens")


class TestCountedDeliveries:
    def test_what_became_of_each_attempt(self, sqlite: Engine) -> None:
        metrics = DispatcherMetrics()
        deliveries = CountedDeliveries(sqlite, counter=metrics.deliveries)
        deliveries.delivered(due(attempt=1))
        for attempt in range(1, MAX_ATTEMPTS + 1):
            deliveries.failed(due(attempt=attempt), "answered 500")
        assert value(metrics, "webhook_deliveries_total", result="delivered") == 1
        assert value(metrics, "webhook_deliveries_total", result="retried") == MAX_ATTEMPTS - 1
        assert value(metrics, "webhook_deliveries_total", result="given-up") == 1


def due(*, attempt: int) -> DueDelivery:
    entry = Entry(
        id=1,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        actor="ada",
        action=Action.SUBMITTED,
        search_id=None,
        owner=None,
        detail={},
    )
    return DueDelivery(webhook_id="w", url="https://example.org", entry=entry, attempt=attempt)


def test_a_dispatcher_process_answers_on_its_port_and_speaks_json(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    store = open_store(Settings(state_dir=tmp_path))
    search_id = store.searches.create(SearchSpec(), "1").id
    settings = {"STATE_DIR": tmp_path, "LOG": "json", "METRICS_PORT": port, "RAY_ADDRESS": "127.0.0.1:1"}
    environment = os.environ | {f"TWINSIEVE_{name}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "service.cli", "dispatch"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert started(f"http://127.0.0.1:{port}/metrics") == 1
        finally:
            process.terminate()
            _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    lines = [json.loads(line) for line in said.splitlines()]
    assert {line["process"] for line in lines} == {"dispatcher"}
    assert f"search {search_id}: attempt 1" in [line["message"] for line in lines if line.get("search_id") == search_id]


def started(address: str) -> float:
    """How many drivers a dispatcher has started, once it has started one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            for family in text_string_to_metric_families(httpx.get(address, trust_env=False).text):
                if family.name == "twinsieve_drivers_started" and family.samples[0].value:
                    return family.samples[0].value
        time.sleep(0.1)
    raise AssertionError("it has started no driver")
