"""The REST API over HTTP: every answer, and every problem a client can meet."""

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from search.algorithm_spec import GeneticSpec
from search.contracts import Candidate, Fidelity
from search.spec import MAX_SPEC_BYTES
from service.api.services import Services
from service.domain.records import Status
from service.storage.database import writing
from tests.service.asking import FULL, SPEC, measured, running, submitted
from tests.service.conftest import Clock


def assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert set(problem) <= {"type", "title", "status", "detail", "errors"}
    assert problem["type"].startswith("urn:twinsieve:problem:")
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in answer.text
    return problem


class TestSubmit:
    def test_created(self, api: httpx.Client) -> None:
        answer = api.post("/v1/searches", json=SPEC | {"name": "mine"})
        assert answer.status_code == 201
        view = answer.json()
        assert answer.headers["location"] == f"/v1/searches/{view['id']}"
        assert api.get(answer.headers["location"]).json() == view
        assert (view["name"], view["status"], view["queue_position"]) == ("mine", "queued", 0)
        assert view["version"] == "1.2.3"
        assert view["spec"]["proxy"]["steps"] > 0
        assert view["progress"] == {
            "told": 0,
            "budget": 8,
            "failures": 0,
            "finals": 0,
            "finals_budget": 4,
            "probe": None,
            "reused": 0,
            "stages": {},
        }
        assert view["workers"] == 2

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (b"", "spec"),
            (b"{", "spec"),
            (b"[" * 50_000, "spec"),
            (b"\xff", "spec"),
            (b"null", "spec"),
            (b'{"surprise": 1}', "surprise"),
            (b'{"budget": {"macs_ratio": NaN}}', "budget.macs_ratio"),
            (b'{"backbone": "../../etc/passwd"}', "backbone"),
            (b'{"algorithm": {"name": "genetic", "population": 1000000}}', "algorithm.genetic.population"),
            (b'{"seed": "one"}', "seed"),
        ],
    )
    def test_malformed(self, api: httpx.Client, services: Services, body: bytes, field: str) -> None:
        problem = assert_problem(api.post("/v1/searches", content=body), 422)
        assert field in [error["field"] for error in problem["errors"]]
        assert all(error["message"] and error["got"] for error in problem["errors"])
        assert services.store.searches.page() == []

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"backbone": "unknown"}, "tiny"),
            ({"budget": {"candidates": 8, "macs": 1}}, "raise budget.macs"),
            ({"data": "nothing"}, "no data set 'nothing'; registered: shapes, shapes-small, shapes-tiny"),
            ({"space": {"foreground": "nobody"}}, "no foreground 'nobody'; registered: none, saliency"),
            ({"budget": {"candidates": 300, "macs_ratio": 0.9}}, "lower budget.candidates"),
        ],
    )
    def test_what_cannot_be_searched(
        self, api: httpx.Client, services: Services, changes: dict[str, Any], expected: str
    ) -> None:
        problem = assert_problem(api.post("/v1/searches", json=SPEC | changes), 422)
        assert expected in problem["detail"]
        assert services.store.searches.page() == []

    def test_a_backbone_that_cannot_be_read(self, api: httpx.Client, tmp_path: Path) -> None:
        (tmp_path / "backbones" / "tiny" / "config.json").write_text("torn {")
        problem = assert_problem(api.post("/v1/searches", json=SPEC), 422)
        assert "tiny" in problem["detail"]
        assert str(tmp_path) not in problem["detail"]

    def test_too_large(self, api: httpx.Client) -> None:
        assert_problem(api.post("/v1/searches", content=b" " * (MAX_SPEC_BYTES + 1)), 413)
        chunks = (b" " * 1024 for _ in range(MAX_SPEC_BYTES // 1024 + 1))
        assert_problem(api.post("/v1/searches", content=chunks), 413)


class TestLook:
    def test_progress_best_and_eta(self, api: httpx.Client, services: Services) -> None:
        settings = {"final": {"finalists": 1, "steps": 80}, "proxy": {"steps": 40}, "fidelity": {"audit": 0}}
        lease = running(api, services.store, workers=2, **settings)
        measured(services.store, lease, [{"accuracy": 0.5, "macs": 9.0}, "diverged", {"accuracy": 0.75, "macs": 10.0}])
        view = api.get(f"/v1/searches/{lease.search_id}").json()
        assert view["status"] == "running"
        assert view["progress"] == {
            "told": 3,
            "budget": 8,
            "failures": 1,
            "finals": 0,
            "finals_budget": 2,
            "probe": None,
            "reused": 0,
            "stages": {"proxy": {"asked": 3, "told": 3, "failed": 1, "reused": 0, "seconds": 6.0}},
        }
        assert view["best"]["index"] == 2
        assert view["best"]["architecture"]["choices"][1] == [True, "bottleneck:8", False]
        assert view["front_size"] == 1
        # 6 seconds over 2 that did not fail; 5 proxies to go, 2 finals of twice the steps; 2 workers
        assert view["eta_seconds"] == pytest.approx((5 * 3 + 2 * 6) / 2)
        assert view["queue_position"] is None
        assert view["utilisation"] is None

    def test_the_end(self, api: httpx.Client, services: Services) -> None:
        lease = running(api, services.store)
        result = {"utilisation": {"share": 0.9}, "chosen": 4, "artifact": None}
        services.store.leases.finish(lease, Status.SUCCEEDED, result=result)
        view = api.get(f"/v1/searches/{lease.search_id}").json()
        assert (view["status"], view["utilisation"], view["chosen"]) == ("succeeded", 0.9, 4)
        assert view["finished_at"].endswith("Z")

    def test_front(self, api: httpx.Client, services: Services) -> None:
        several = {"objectives": ["accuracy", "macs"], "algorithm": {"name": "nsga2", "population": 4}}
        lease = running(api, services.store, **several)
        values: list[dict[str, float] | str] = [
            {"accuracy": accuracy, "macs": macs} for accuracy, macs in ((0.5, 5.0), (0.9, 9.0), (0.4, 6.0), (0.6, 5.5))
        ]
        measured(services.store, lease, [*values, "diverged"])
        front = api.get(f"/v1/searches/{lease.search_id}/front").json()
        assert [each["index"] for each in front] == [1, 3, 0]

    def test_candidates_by_page_and_fidelity(self, api: httpx.Client, services: Services) -> None:
        lease = running(api, services.store)
        measured(services.store, lease, [{"accuracy": 0.5}, "diverged"])
        services.store.candidates.record_ask(lease, Candidate(2, FULL, Fidelity.FINAL), 2)
        path = f"/v1/searches/{lease.search_id}/candidates"
        first = api.get(path, params={"limit": 2}).json()
        assert [each["index"] for each in first["items"]] == [0, 1]
        assert first["items"][1]["failure"] == "diverged"
        assert first["items"][1]["measurement"] is None
        second = api.get(path, params={"after": first["next"], "limit": 2}).json()
        assert [each["index"] for each in second["items"]] == [2]
        assert second["next"] is None
        final = api.get(path, params={"fidelity": ["final", "test"]}).json()["items"]
        assert [(each["index"], each["genome"]) for each in final] == [(2, list(FULL))]

    def test_list_by_page_and_status(self, api: httpx.Client, clock: Clock) -> None:
        ids = []
        for _ in range(3):
            clock.advance(1)
            ids.append(submitted(api))
        first = api.get("/v1/searches", params={"limit": 2}).json()
        assert [each["id"] for each in first["items"]] == [ids[2], ids[1]]
        second = api.get("/v1/searches", params={"limit": 2, "after": first["next"]}).json()
        assert [each["id"] for each in second["items"]] == [ids[0]]
        assert second["next"] is None
        api.post(f"/v1/searches/{ids[0]}/cancel")
        assert [each["id"] for each in api.get("/v1/searches?status=cancelled").json()["items"]] == [ids[0]]

    def test_rows_outlive_their_backbone(self, api: httpx.Client, services: Services, tmp_path: Path) -> None:
        lease = running(api, services.store)
        measured(services.store, lease, [{"accuracy": 0.5}])
        (tmp_path / "backbones" / "tiny" / "config.json").unlink()
        assert api.get(f"/v1/searches/{lease.search_id}").json()["best"]["architecture"] is None


class TestProblems:
    @pytest.mark.parametrize("path", ["", "/candidates", "/front", "/model"])
    @pytest.mark.parametrize("search_id", ["0" * 26, "x", "%00", "..%2f..%2fetc"])
    def test_no_such_search(self, api: httpx.Client, path: str, search_id: str) -> None:
        assert_problem(api.get(f"/v1/searches/{search_id}{path}"), 404)

    def test_no_such_path_or_method(self, api: httpx.Client) -> None:
        assert_problem(api.get("/v2/searches"), 404)
        answer = api.put("/v1/searches")
        assert_problem(answer, 405)
        assert answer.headers["allow"]

    @pytest.mark.parametrize(
        "query",
        ["limit=0", "limit=201", "limit=many", "status=sleeping", "after=../x", "after=%00"],
    )
    def test_bad_query(self, api: httpx.Client, query: str) -> None:
        problem = assert_problem(api.get(f"/v1/searches?{query}"), 422)
        assert problem["errors"][0]["field"] == f"query.{query.split('=')[0]}"

    def test_bad_candidate_query(self, api: httpx.Client) -> None:
        path = f"/v1/searches/{submitted(api)}/candidates"
        for query in ("after=9999999999999", "after=-2", "fidelity=hearsay"):
            assert_problem(api.get(f"{path}?{query}"), 422)

    def test_cancel_after_the_end(self, api: httpx.Client, services: Services) -> None:
        lease = running(api, services.store)
        for _ in range(2):
            assert api.post(f"/v1/searches/{lease.search_id}/cancel").json()["cancel_requested"]
        services.store.leases.finish(lease, Status.FAILED, error="boom")
        problem = assert_problem(api.post(f"/v1/searches/{lease.search_id}/cancel"), 409)
        assert "failed" in problem["detail"]

    def test_the_database_is_gone(self, api: httpx.Client, services: Services) -> None:
        with writing(services.store.engine) as session:
            session.execute(text("ALTER TABLE searches RENAME TO elsewhere"))
        answer = api.get("/v1/searches")
        assert_problem(answer, 503)
        assert answer.headers["retry-after"]
        assert api.get("/healthz").json() == {"status": "ok"}

    def test_a_bug_of_ours(self, api: httpx.Client, services: Services) -> None:
        search_id = submitted(api)
        with writing(services.store.engine) as session:
            session.execute(text("UPDATE searches SET spec = '{}'"))
        problem = assert_problem(api.get(f"/v1/searches/{search_id}"), 500)
        assert "budget" not in problem["detail"]


class TestModel:
    def finished(self, api: httpx.Client, services: Services, artifact: str | None) -> str:
        lease = running(api, services.store)
        services.store.leases.finish(lease, Status.SUCCEEDED, result={"artifact": artifact})
        return f"/v1/searches/{lease.search_id}/model"

    def test_zip(self, api: httpx.Client, services: Services) -> None:
        path = self.finished(api, services, "models/best")
        folder = services.artifacts / path.split("/")[3] / "models" / "best"
        (folder / "inner").mkdir(parents=True)
        weights = bytes(range(256)) * 10_000
        (folder / "weights.safetensors").write_bytes(weights)
        (folder / "inner" / "config.json").write_text("{}")
        (folder / "link").symlink_to("/etc/passwd")
        answer = api.get(path)
        assert answer.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            assert sorted(archive.namelist()) == ["inner/config.json", "weights.safetensors"]
            assert archive.read("weights.safetensors") == weights

    def test_not_there_yet(self, api: httpx.Client) -> None:
        problem = assert_problem(api.get(f"/v1/searches/{submitted(api)}/model"), 409)
        assert "queued" in problem["detail"]

    @pytest.mark.parametrize("artifact", [None, "models/deleted"])
    def test_never_there_or_deleted(self, api: httpx.Client, services: Services, artifact: str | None) -> None:
        assert_problem(api.get(self.finished(api, services, artifact)), 404)


class TestCatalogue:
    def test_backbones(self, api: httpx.Client, tmp_path: Path) -> None:
        (tmp_path / "backbones" / "tiny" / "config.json").write_text("{}")
        found = {each["name"]: each for each in api.get("/v1/backbones").json()}
        assert "format" in found["tiny"]["error"]

    def test_sub_layers(self, api: httpx.Client) -> None:
        found = {each["name"]: each for each in api.get("/v1/backbones").json()}
        assert found["tiny"]["sub_layers"][:3] == ["block.0.msa", "block.0.ffn", "block.1.msa"]

    def test_tasks_and_algorithms(self, api: httpx.Client) -> None:
        assert [each["name"] for each in api.get("/v1/tasks").json()] == ["vqa", "nlvr2", "retrieval"]
        algorithms = {each["name"]: each for each in api.get("/v1/algorithms").json()}
        assert algorithms["genetic"]["settings"]["properties"]["population"]["default"] == GeneticSpec().population
        assert algorithms["random"]["description"]

    def test_the_openapi_document_describes_a_spec(self, api: httpx.Client) -> None:
        operation = api.get("/openapi.json").json()["paths"]["/v1/searches"]["post"]
        assert "algorithm" in operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
