"""The report over HTTP."""

import json
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from service.api.services import REPORTS_AT_ONCE, Services
from service.domain.records import Status
from service.storage.database import writing
from service.storage.tables import SearchRow
from tests.page.rows import made

MEDIA = {"html": "text/html", "md": "text/markdown", "tex": "text/x-tex", "json": "application/json"}
PROVENANCE = {"versions": {"torch": "2.13.0"}, "latency": "one example on the CPU"}
ARTIFACT = "models/best"
RESULT = {"chosen": None, "artifact": ARTIFACT}


def reported(api: httpx.Client, search_id: str, **parameters: str) -> httpx.Response:
    return api.get(f"/v1/searches/{search_id}/report", params=parameters)


def exported(services: Services, config: str | bytes) -> str:
    """A search whose exported model has that `config.json`."""
    search_id = made(services.store, candidates=16, result=RESULT)
    folder = services.artifacts / search_id / ARTIFACT
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(config if isinstance(config, bytes) else config.encode())
    return search_id


@pytest.mark.parametrize("form", MEDIA)
def test_each_form_has_its_media_type_and_name(api: httpx.Client, services: Services, form: str) -> None:
    search_id = made(services.store, candidates=32)
    answer = reported(api, search_id, format=form)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == MEDIA[form]
    assert answer.headers["content-disposition"] == f'inline; filename="report-{search_id}.{form}"'
    assert "vqa-three-quarters" in answer.text


def test_it_is_a_page_unless_asked_otherwise_and_may_do_nothing_here(api: httpx.Client, services: Services) -> None:
    answer = reported(api, made(services.store, candidates=16))
    policy = answer.headers["content-security-policy"]
    assert answer.text.startswith("<!doctype html>")
    assert "default-src 'none'" in policy
    assert "sandbox allow-scripts allow-downloads" in policy
    assert "allow-same-origin" not in policy


def test_no_more_than_so_many_are_made_at_once(api: httpx.Client, services: Services) -> None:
    search_id = made(services.store, candidates=16)
    for _ in range(REPORTS_AT_ONCE):
        assert services.reports.acquire(blocking=False)
    answer = reported(api, search_id)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert "as many as may be at once" in answer.json()["detail"]
    services.reports.release()
    for _ in range(3):  # each gives its place back
        assert reported(api, search_id).status_code == 200


def test_the_facts_for_programs(api: httpx.Client, services: Services) -> None:
    search_id = made(services.store, candidates=200)
    facts = reported(api, search_id, format="json").json()
    stages = api.get(f"/v1/searches/{search_id}").json()["progress"]["stages"]
    counted = {each["fidelity"]: each["told"] for each in facts["spending"]["stages"]}
    assert counted == {name: stage["told"] for name, stage in stages.items()}
    assert [each["role"] for each in facts["tested"]][:3] == ["backbone as it came", "no-skip adapters", "winner"]
    assert (facts["id"], facts["status"], len(facts["proxies"]["points"])) == (search_id, "succeeded", 200)
    front = [each["index"] for each in api.get(f"/v1/searches/{search_id}/front").json()]
    assert facts["proxies"]["front"] == front
    assert len(facts["layers"]) == 24
    assert facts["winner"]["kept"].count(True) == next(
        each["kept"] for each in facts["tested"] if each["role"] == "winner"
    )


@pytest.mark.parametrize("status", list(Status))
def test_a_search_of_any_state_has_one(api: httpx.Client, services: Services, status: Status) -> None:
    search_id = made(services.store, candidates=40, status=status, age=timedelta(hours=1))
    for form in MEDIA:
        answer = reported(api, search_id, format=form)
        assert (answer.status_code, str(status) in answer.text) == (200, True)


def test_what_is_not_there_and_what_is_no_form(api: httpx.Client, services: Services) -> None:
    answer = reported(api, "01M0000000000000000000NONE")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    answer = reported(api, made(services.store, candidates=16), format="pdf")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.format"


def test_the_model_says_which_versions_measured(api: httpx.Client, services: Services) -> None:
    search_id = exported(services, json.dumps({"provenance": PROVENANCE}))
    assert reported(api, search_id, format="json").json()["origin"] == {
        "versions": {"torch": "2.13.0"},
        "backbone_sha256": None,
        "latency": "one example on the CPU",
    }


@pytest.mark.parametrize(
    "config",
    ["{}", "[]", "no json", "[" * 100_000, b"\xff\xfe\x00", '{"provenance": []}', '{"provenance": {"versions": 1}}'],
    ids=["empty", "a list", "no JSON", "deep", "binary", "no mapping", "odd versions"],
)
def test_a_model_that_is_damaged_takes_nothing_from_its_report(
    api: httpx.Client, services: Services, config: str | bytes
) -> None:
    answer = reported(api, exported(services, config), format="json")
    assert (answer.status_code, answer.json()["origin"]["versions"]) == (200, {})


@pytest.mark.parametrize("artifact", ["models/gone", "../../secrets", "/etc"])
def test_an_artifact_that_is_not_there(api: httpx.Client, services: Services, artifact: str) -> None:
    search_id = made(services.store, candidates=16, result={**RESULT, "artifact": artifact})
    answer = reported(api, search_id, format="json")
    assert (answer.status_code, answer.json()["origin"]["versions"]) == (200, {})


def test_a_backbone_that_has_gone_leaves_the_numbers(api: httpx.Client, services: Services) -> None:
    search_id = made(services.store, candidates=16)
    spec = {**services.store.searches.get(search_id).spec, "backbone": "gone-from-here"}
    with writing(services.store.engine) as session:
        session.execute(update(SearchRow).where(SearchRow.id == search_id).values(spec=spec))
    facts = reported(api, search_id, format="json").json()
    assert (facts["layers"], facts["winner"], len(facts["proxies"]["points"])) == ([], None, 16)
    assert "is not known here" in reported(api, search_id, format="md").text
