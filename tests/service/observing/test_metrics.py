"""`/metrics` over HTTP, read as Prometheus reads it."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from search.contracts import Fidelity
from service.api.services import Services
from service.api.watch import route_template
from service.domain.person import Role
from service.domain.records import Status
from service.observing import census
from service.observing.failure_class import FailureClass
from service.settings import Settings
from service.storage.database import writing
from tests.service.asking import measured, running, submitted
from tests.service.serving import serving


@pytest.fixture(autouse=True)
def _each_look_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census, "FRESH_SECONDS", 0.0)


Samples = Mapping[tuple[str, ...], float]


def samples(api: httpx.Client) -> Samples:
    """By name and labels, in the order of the labels' names."""
    found = api.get("/metrics")
    assert found.status_code == 200, found.text
    assert found.headers["content-type"].startswith("text/plain")
    return {
        (sample.name.removeprefix("twinsieve_"), *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(found.text)
        for sample in family.samples
    }


def requests(found: Samples) -> Iterator[tuple[str, ...]]:
    """Method, route and status of what was counted."""
    yield from (name[1:] for name in found if name[0] == "http_request_seconds_count")


def test_requests_by_route_method_and_status(api: httpx.Client) -> None:
    for _ in range(3):
        api.get("/v1/searches/nothing")
    submitted(api)
    found = samples(api)
    assert found["http_request_seconds_count", "GET", "/v1/searches/{search_id}", "404"] == 3
    assert found["http_request_seconds_count", "POST", "/v1/searches", "201"] == 1
    assert found["http_request_seconds_bucket", "+Inf", "POST", "/v1/searches", "201"] == 1
    assert 0 < found["http_request_seconds_sum", "POST", "/v1/searches", "201"] < 10
    assert found["http_requests_in_progress",] == 1  # the one that reads them


def test_searches_and_what_was_measured(api: httpx.Client, services: Services) -> None:
    found = samples(api)
    assert {found["searches", status] for status in Status} == {0}
    assert {found["candidates_told_total", fidelity] for fidelity in Fidelity} == {0}
    lease = running(api, services.store)
    measured(services.store, lease, [{"accuracy": 0.5, "macs": 1.0}, "diverged: loss is nan", "out of memory on cpu"])
    submitted(api)
    found = samples(api)
    assert (found["searches", "running"], found["searches", "queued"]) == (1, 1)
    assert (found["worker_slots",], found["worker_slots_busy",]) == (2, 0)
    assert found["candidates_told_total", "proxy"] == 3
    assert found["candidates_failed_total", FailureClass.DIVERGED] == 1
    assert found["candidates_failed_total", FailureClass.OUT_OF_MEMORY] == 1
    assert found["scoring_seconds_total", "proxy"] == 6.0
    assert found["journal_entries_total", "submitted"] == 2
    assert found["database_up",] == 1


def test_any_number_of_made_up_requests_makes_few_series(api: httpx.Client) -> None:
    def ask() -> None:
        for _ in range(20):
            made_up = secrets.token_hex(6)
            for path in (f"/{made_up}", f"/v1/searches/{made_up}", f"/v1/{made_up}/x", f"/v1/searches/{made_up}/front"):
                api.request("GET", path, params={made_up: made_up}, headers={made_up: made_up})
            api.request(made_up.upper(), "/healthz")

    ask()
    first = samples(api)
    ask()
    second = samples(api)
    assert {found[1] for found in requests(second)} >= {"none", "/v1/searches/{search_id}", "/healthz"}
    assert set(second) - set(first) <= {name for name in second if "/metrics" in name}
    assert {found[0] for found in requests(second)} == {"GET", "other"}


def test_no_label_names_a_search(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store)
    measured(services.store, lease, ["diverged"])
    assert lease.search_id not in api.get("/metrics").text


def test_a_database_that_is_away_is_told(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store)
    samples(api)
    measured(services.store, lease, ["diverged"])
    assert samples(api)["candidates_failed_total", "diverged"] == 1
    with writing(services.store.engine) as session:
        session.execute(text("ALTER TABLE searches RENAME TO elsewhere"))
    found = samples(api)
    assert found["database_up",] == 0
    assert ("searches", "queued") not in found
    assert found["candidates_failed_total", "diverged"] == 1


def test_keys_are_for_metrics_too(services: Services) -> None:
    key = services.store.keys.create("prometheus", Role.VIEWER).key
    locked = replace(services, settings=Settings(require_keys=True))
    with serving(locked) as address, httpx.Client(base_url=address, trust_env=False) as api:
        assert api.get("/metrics").status_code == 401
        assert api.get("/metrics", headers={"Authorization": f"Bearer {key}"}).status_code == 200


class _Route:
    def __init__(self, path_format: str) -> None:
        self.path_format = path_format


@pytest.mark.parametrize(
    ("path", "template", "parameters", "expected"),
    [
        ("/v1/a/7", "/a/{n}", {"n": "7"}, "/v1/a/{n}"),
        ("/v1/a/07", "/a/{n}", {"n": 7}, "/a/{n}"),  # not as it was written: without the prefix, and still bounded
        ("/healthz", "/healthz", {}, "/healthz"),
        ("/v1/searches", "", {}, "/v1/searches"),
    ],
)
def test_template_of_a_route(path: str, template: str, parameters: dict[str, object], expected: str) -> None:
    assert route_template({"path": path, "route": _Route(template), "path_params": parameters}) == expected
