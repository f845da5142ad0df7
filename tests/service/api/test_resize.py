"""Another number of workers for a search that has not ended, over REST and from the command line."""

import httpx
import pytest

from service.api.services import Services
from service.domain.records import Hold, SearchFinishedError, SearchNotFoundError, Status
from service.searches.store import Store
from tests.service.asking import running, submitted
from tests.service.commands import Cli, assert_mistake
from tests.service.serving import serving
from tests.service.toys import claim_new


def test_a_search_is_resized_until_it_ends(store: Store) -> None:
    lease = claim_new(store)
    assert store.searches.get(lease.search_id).slots is None
    for workers in (3, 1):
        assert store.searches.resize(lease.search_id, workers).slots == workers
        assert store.leases.wishes(lease).slots == workers
    store.searches.request_cancel(lease.search_id)
    assert store.leases.wishes(lease).hold is Hold.CANCELLED
    store.leases.finish(lease, Status.CANCELLED)
    with pytest.raises(SearchFinishedError, match="cancelled already"):
        store.searches.resize(lease.search_id, 3)
    with pytest.raises(SearchNotFoundError):
        store.searches.resize("0" * 26, 3)


def test_over_rest(api: httpx.Client, services: Services) -> None:
    path = f"/v1/searches/{submitted(api, workers=5)}"
    assert api.get(path).json()["workers"] == 5
    answer = api.patch(path, json={"workers": 3})
    assert (answer.status_code, answer.json()["workers"], answer.json()["spec"]["workers"]) == (200, 3, 5)
    assert api.get(path).json() == answer.json()
    lease = services.store.leases.claim()
    assert lease is not None
    assert api.patch(path, json={"workers": 1024}).json()["workers"] == 1024
    services.store.leases.finish(lease, Status.FAILED, error="why")
    problem = api.patch(path, json={"workers": 2})
    assert (problem.status_code, problem.headers["content-type"]) == (409, "application/problem+json")
    assert "failed already" in problem.json()["detail"]
    assert api.patch(f"/v1/searches/{'0' * 26}", json={"workers": 2}).status_code == 404


@pytest.mark.parametrize(
    "body", [{"workers": 0}, {"workers": 1025}, {"workers": "many"}, {}, {"workers": 2, "seed": 1}]
)
def test_what_is_no_change(api: httpx.Client, services: Services, body: dict[str, object]) -> None:
    lease = running(api, services.store)
    answer = api.patch(f"/v1/searches/{lease.search_id}", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["field"].startswith("body")
    assert services.store.searches.get(lease.search_id).slots is None


def test_from_the_command_line(
    api: httpx.Client, services: Services, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = running(api, services.store)
    with serving(services) as address:
        monkeypatch.setenv("TWINSIEVE_SERVER", address)
        done = cli("workers", lease.search_id, 6)
        assert (done.code, "6 workers" in done.out) == (0, True)
        assert services.store.searches.get(lease.search_id).slots == 6
        assert_mistake(cli("workers", "x", 6), "no search 'x'")
        assert cli("workers", lease.search_id, 0).code == 2
        services.store.leases.finish(lease, Status.CANCELLED)
        assert_mistake(cli("workers", lease.search_id, 2), "cancelled already")
