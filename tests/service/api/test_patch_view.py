"""The patch preview of a search's winner over HTTP: there, not there, damaged."""

import json

import httpx
import pytest

from models.patch_preview import FILE
from service.api.services import Services
from service.domain.records import Status
from tests.service.asking import running
from tests.service.previews import png, preview, write_preview


@pytest.fixture
def search_id(api: httpx.Client, services: Services) -> str:
    """A search that has succeeded, with a preview."""
    lease = running(api, services.store)
    write_preview(services.artifacts / lease.search_id / "patches" / "winner", preview())
    services.store.leases.finish(lease, Status.SUCCEEDED, result={"chosen": 0, "patches": "patches/winner"})
    return lease.search_id


def test_the_preview_and_its_pictures(api: httpx.Client, search_id: str) -> None:
    found = api.get(f"/v1/searches/{search_id}/patches")
    assert (found.status_code, found.json()) == (200, preview().model_dump(mode="json"))
    for number in range(3):
        picture = api.get(f"/v1/searches/{search_id}/patches/{number}.png")
        assert (picture.headers["content-type"], picture.content) == ("image/png", png(number))


@pytest.mark.parametrize(("number", "status"), [("3", 404), ("12", 422), ("-1", 422), ("one", 422), ("..%2f0", 404)])
def test_a_picture_that_is_not_there(api: httpx.Client, search_id: str, number: str, status: int) -> None:
    answer = api.get(f"/v1/searches/{search_id}/patches/{number}.png")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_search_without_a_preview(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store)
    path = f"/v1/searches/{lease.search_id}/patches"
    assert api.get(path).status_code == 404
    services.store.leases.finish(lease, Status.SUCCEEDED, result={"chosen": None, "patches": None})
    answer = api.get(path)
    assert answer.status_code == 404
    assert "has no patch preview: made when it succeeds with a model, or deleted since" in answer.json()["detail"]


def test_it_goes_with_the_artifacts(api: httpx.Client, search_id: str) -> None:
    api.delete(f"/v1/searches/{search_id}/artifacts").raise_for_status()
    assert api.get(f"/v1/searches/{search_id}/patches").status_code == 404
    assert api.get(f"/v1/searches/{search_id}/patches/0.png").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"format": "twinsieve-patches/2"},
        {"patch_size": 0},
        {"extra": 1},
        {"images": [{**preview().images[0].model_dump(mode="json"), "scores": [0.5]}]},
        {"images": [preview().images[0].model_dump(mode="json")] * 13},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_damaged_preview_is_not_passed_on(
    api: httpx.Client, services: Services, search_id: str, change: dict[str, object]
) -> None:
    file = services.artifacts / search_id / "patches" / "winner" / FILE
    file.write_text(json.dumps(preview().model_dump(mode="json") | change))
    answer = api.get(f"/v1/searches/{search_id}/patches")
    assert answer.status_code == 503
    assert "is damaged: 1 faults" in answer.json()["detail"]


@pytest.mark.parametrize("folder", ["../../secrets", "/etc", "patches/../../.."])
def test_no_row_leads_out_of_the_folder_of_a_search(api: httpx.Client, services: Services, folder: str) -> None:
    lease = running(api, services.store)
    services.store.leases.finish(lease, Status.SUCCEEDED, result={"patches": folder})
    for part in ("patches", "patches/0.png"):
        assert api.get(f"/v1/searches/{lease.search_id}/{part}").status_code == 503
