"""A running search survives a stop of the service, ends when its user says so, and makes room for the next."""

import time

import pytest

from search.contracts import Failure
from tests.end_to_end.conftest import ENDLESS, SPEC
from tests.end_to_end.service import Service

pytestmark = pytest.mark.timeout(600)

SECONDS = 30.0  # 5 of patience with a candidate that may be about to end, the rest for a busy machine


def test_stop_start_and_cancel_in_the_middle_of_long_candidates(service: Service) -> None:
    running, waiting = service.submit(ENDLESS), service.submit(SPEC)
    service.until(service.workers, bool)
    assert service.stop() == 0
    in_flight = service.history(running)
    assert in_flight
    assert all(each.outcome is None for each in in_flight)

    service.start()
    workers = service.until(service.workers, bool)
    assert service.history(running) == in_flight
    assert service.view(running)["attempts"] == 1  # an orderly end costs none

    start = time.monotonic()
    assert service.request("POST", f"/searches/{running}/cancel").json()["cancel_requested"]
    view = service.ended(running)
    assert view["status"] == "cancelled", view["error"]
    assert time.monotonic() - start < SECONDS
    rows = service.history(running)
    # the first workers may be seen before all that they have room for was asked
    assert [each.candidate for each in rows[: len(in_flight)]] == [each.candidate for each in in_flight]
    assert {each.outcome for each in rows} == {Failure("not scored: the search was cancelled")}
    service.until(lambda: [each for each in workers if each.is_running()], lambda alive: not alive)

    service.until(lambda: service.view(waiting), lambda seen: seen["status"] == "running")
    service.request("POST", f"/searches/{waiting}/cancel")
    assert service.ended(waiting)["status"] == "cancelled"
