"""What clients see of the inside of a search: its workers, its failures, its log, its Ray job."""

from dataclasses import replace

import httpx
import pytest

from search.contracts import Candidate, Failure, Outcome
from service.api.overview import overview
from service.api.services import Services
from service.domain.records import Credit
from service.searches.log_tails import MOST_LINES
from service.settings import Settings
from tests.service.asking import running, submitted
from tests.service.conftest import Clock


def test_the_activity_of_a_search(api: httpx.Client, services: Services, clock: Clock) -> None:
    lease = running(api, services.store)
    outcomes: list[Outcome] = [{"accuracy": 0.5}, Failure("diverged: loss is nan")]
    for index, outcome in enumerate(outcomes):
        clock.advance(2)
        services.store.candidates.record_ask(lease, Candidate(index, (index,)), index)
        services.store.candidates.record_tell(lease, index, outcome, 2.0, credit=Credit("node/3", 2.0))
    view = api.get(f"/v1/searches/{lease.search_id}/activity", params={"bins": 2}).json()
    assert view == {
        "begins_at": "2026-01-01T00:00:00Z",
        "bin_seconds": 2,
        "bins": 2,
        "workers": [
            {
                "name": "node/3",
                "candidates": 2,
                "failed": 1,
                "busy_seconds": 4.0,
                "utilisation": 1.0,
                "first_at": "2026-01-01T00:00:00Z",
                "last_at": "2026-01-01T00:00:04Z",
                "busy": [1.0, 1.0],
            }
        ],
        "utilisation": 1.0,
        "unattributed": 0,
        "failures": [{"kind": "diverged", "count": 1, "example": "diverged: loss is nan", "candidate": 1}],
    }


def test_a_search_that_waits_has_no_activity_and_no_log(api: httpx.Client) -> None:
    path = f"/v1/searches/{submitted(api)}"
    activity = api.get(f"{path}/activity").json()
    assert (activity["begins_at"], activity["bins"], activity["workers"]) == (None, 0, [])
    assert api.get(f"{path}/log").json() == {"lines": [], "written_at": None}


def test_the_end_of_the_log(api: httpx.Client, services: Services, clock: Clock) -> None:
    lease = running(api, services.store)
    said = [f"candidate {number}" for number in range(150)]
    services.store.log_tails.write(lease.search_id, said, driver_began_at=clock())
    path = f"/v1/searches/{lease.search_id}/log"
    assert api.get(path).json() == {"lines": said[-100:], "written_at": "2026-01-01T00:00:00Z"}
    assert api.get(path, params={"lines": 2}).json()["lines"] == said[-2:]
    assert api.get(path, params={"lines": MOST_LINES}).json()["lines"] == said


@pytest.mark.parametrize("query", [*(f"log?lines={lines}" for lines in (0, MOST_LINES + 1)), "activity?bins=241"])
def test_more_than_there_may_be(api: httpx.Client, query: str) -> None:
    assert api.get(f"/v1/searches/{submitted(api)}/{query}").status_code == 422


@pytest.mark.parametrize("part", ["activity", "log", "patches", "patches/0.png"])
def test_of_a_search_that_is_not_there(api: httpx.Client, part: str) -> None:
    answer = api.get(f"/v1/searches/{'0' * 26}/{part}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_the_link_leads_to_the_job_while_it_runs(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store)
    services.store.leases.note(lease, {"ray_job": "02000000"})
    linked = replace(services, settings=Settings(ray_dashboard_url="https://ray.lab.example"))
    view = overview(services.store.searches.get(lease.search_id), linked)
    assert view.dashboard == "https://ray.lab.example/#/jobs/02000000"
