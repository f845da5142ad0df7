"""Searches over REST: submitted once, paused, changed, extended, cloned, deleted."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from search.contracts import Candidate
from search.spec import parse_spec
from service.api.services import Services
from service.domain.person import Caller, Role
from service.domain.records import Status
from service.searches.store import Store
from tests.service.asking import SPEC, running, submitted
from tests.service.conftest import Clock

KEY = {"Idempotency-Key": "mine-1"}


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    return found


def ended(api: httpx.Client, store: Store, status: Status = Status.SUCCEEDED) -> str:
    lease = running(api, store)
    store.leases.finish(lease, status, error="why" if status is Status.FAILED else None)
    return f"/v1/searches/{lease.search_id}"


class TestIdempotency:
    def test_a_repeat_gets_the_same_answer(self, api: httpx.Client, services: Services) -> None:
        first, second = (api.post("/v1/searches", json=SPEC, headers=KEY) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert first.headers["location"] == second.headers["location"]
        assert len(services.store.searches.page()) == 1

    @pytest.mark.parametrize("change", [{"json": SPEC | {"seed": 1}}, {"json": SPEC, "params": {"priority": 1}}])
    def test_another_request_is_a_conflict(self, api: httpx.Client, change: dict[str, Any]) -> None:
        search_id = api.post("/v1/searches", json=SPEC, headers=KEY).json()["id"]
        assert search_id in problem(api.post("/v1/searches", headers=KEY, **change), 409)["detail"]

    def test_eight_at_once(self, api: httpx.Client, services: Services) -> None:
        def submit(_number: int) -> str:
            answer = api.post("/v1/searches", json=SPEC, headers=KEY)
            assert answer.status_code == 201, answer.text
            return str(answer.json()["id"])

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(submit, range(8)))) == 1
        assert len(services.store.searches.page()) == 1

    @pytest.mark.parametrize("key", ["", "two words", "ä", "x" * 129, "a\x7fb"])
    def test_what_is_no_key(self, api: httpx.Client, services: Services, key: str) -> None:
        answer = api.post("/v1/searches", json=SPEC, headers={b"Idempotency-Key": key.encode()})
        assert problem(answer, 422)["errors"][0]["field"] == "header.Idempotency-Key"
        assert services.store.searches.page() == []

    @pytest.mark.parametrize("key", ["!", "~" * 128, '"quoted"', "\\0%00"])
    def test_what_is_one(self, api: httpx.Client, key: str) -> None:
        ids = {api.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": key}).json()["id"] for _ in range(2)}
        assert len(ids) == 1

    def test_of_extensions_and_clones(self, api: httpx.Client, services: Services) -> None:
        path = ended(api, services.store)
        for name, body in (("extend", {"candidates": 12}), ("clone", {"seed": 7})):
            key = {"Idempotency-Key": name}
            ids = {api.post(f"{path}/{name}", json=body, headers=key).json()["id"] for _ in range(2)}
            assert len(ids) == 1
            problem(api.post(f"{path}/{name}", json={"candidates": 13}, headers=key), 409)
            problem(api.post("/v1/searches", json=SPEC, headers=key), 409)
        assert len(services.store.searches.page()) == 3

    def test_a_refused_one_may_be_mended(self, api: httpx.Client) -> None:
        problem(api.post("/v1/searches", json=SPEC | {"backbone": "unknown"}, headers=KEY), 422)
        assert api.post("/v1/searches", json=SPEC, headers=KEY).status_code == 201


class TestSubmission:
    def test_labels_and_priority(self, api: httpx.Client) -> None:
        asked: dict[str, Any] = {"label": ["b", "a", "b"], "priority": 3}
        view = api.post("/v1/searches", json=SPEC, params=asked).json()
        assert (view["labels"], view["priority"], view["notes"], view["owner"]) == (["b", "a"], 3, "", "local")
        assert (view["extends"], view["pause_requested"], view["artifacts_deleted_at"]) == (None, False, None)

    @pytest.mark.parametrize(
        "asked", [{"priority": 101}, {"label": ["x" * 65]}, {"label": [""]}, {"label": [str(n) for n in range(17)]}]
    )
    def test_too_much(self, api: httpx.Client, services: Services, asked: dict[str, Any]) -> None:
        problem(api.post("/v1/searches", json=SPEC, params=asked), 422)
        assert services.store.searches.page() == []


class TestList:
    def test_filters(self, api: httpx.Client, services: Services, clock: Clock) -> None:
        paths = list[str]()
        for number in range(5):
            clock.advance(1)
            paths.append(api.post("/v1/searches", json=SPEC, params={"label": f"n{number % 2}"}).json()["id"])

        def found(**asked: Any) -> list[int]:  # noqa: ANN401 - of a query
            page = api.get("/v1/searches", params=asked).json()
            return [paths.index(each["id"]) for each in page["items"]]

        assert found(label="n1") == [3, 1]
        assert found(label="n0", limit=2) == [4, 2]
        assert found(owner="local", limit=2) == [4, 3]
        assert found(owner="nobody") == []
        item = api.get("/v1/searches", params={"limit": 1}).json()["items"][0]
        assert (item["owner"], item["labels"], item["priority"]) == ("local", ["n0"], 0)

    @pytest.mark.parametrize("asked", [{"owner": "\0"}, {"owner": "two words"}, {"label": "\0"}, {"label": ""}])
    def test_what_nobody_can_have(self, api: httpx.Client, asked: dict[str, str]) -> None:
        problem(api.get("/v1/searches", params=asked), 422)


class TestChange:
    def test_pause_and_resume(self, api: httpx.Client, services: Services) -> None:
        path = f"/v1/searches/{submitted(api)}"
        view = api.post(f"{path}/pause").json()
        assert (view["status"], view["queue_position"]) == ("paused", None)
        view = api.post(f"{path}/resume").json()
        assert (view["status"], view["queue_position"]) == ("queued", 0)
        lease = services.store.leases.claim()
        assert lease is not None
        assert api.post(f"{path}/pause").json()["pause_requested"] is True
        services.store.leases.finish(lease, Status.SUCCEEDED)
        for verb in ("pause", "resume"):
            assert "succeeded already" in problem(api.post(f"{path}/{verb}"), 409)["detail"]

    def test_what_people_say(self, api: httpx.Client, services: Services) -> None:
        path = ended(api, services.store)
        body = {"labels": ["paper", "paper"], "notes": "Zeile 1\nline 2\té"}
        view = api.patch(path, json=body).json()
        assert (view["labels"], view["notes"]) == (["paper"], body["notes"])
        assert api.get(path).json() == view
        problem(api.patch(path, json={"priority": 1}), 409)

    def test_priority_moves_it_in_the_queue(self, api: httpx.Client, clock: Clock) -> None:
        paths = list[str]()
        for _ in range(3):
            clock.advance(1)
            paths.append(f"/v1/searches/{submitted(api)}")
        assert api.patch(paths[2], json={"priority": 1}).json()["queue_position"] == 0
        assert [api.get(path).json()["queue_position"] for path in paths] == [1, 2, 0]

    @pytest.mark.parametrize(
        "body",
        [
            {"labels": ["x" * 65]},
            {"labels": [str(number) for number in range(17)]},
            {"labels": ["a\nb"]},
            {"labels": ["\0"]},
            {"labels": "a"},
            {"notes": "x" * 10_001},
            {"notes": "\0"},
            {"priority": 101},
            {"priority": -101},
            {"priority": 1.5},
            {"workers": None},
        ],
    )
    def test_what_is_no_change(self, api: httpx.Client, body: dict[str, object]) -> None:
        path = f"/v1/searches/{submitted(api)}"
        before = api.get(path).json()
        assert problem(api.patch(path, json=body), 422)["errors"]
        assert api.get(path).json() == before

    @pytest.mark.parametrize("body", [b'{"notes": "\\ud800"}', b'{"\\ud800": 1}', b'{"labels": ["\\ud800"]}'])
    def test_half_a_character(self, api: httpx.Client, body: bytes) -> None:
        path = f"/v1/searches/{submitted(api)}"
        answer = api.patch(path, content=body, headers={"content-type": "application/json"})
        assert problem(answer, 422)["errors"]


class TestExtend:
    @pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.CANCELLED])
    def test_an_ended_search(self, api: httpx.Client, services: Services, status: Status) -> None:
        path = ended(api, services.store, status)
        past = api.patch(path, json={"labels": ["a"], "notes": "n"}).json()
        answer = api.post(f"{path}/extend", json={"candidates": 12})
        view = answer.json()
        assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/searches/{view['id']}")
        assert (view["extends"], view["status"], view["labels"], view["notes"]) == (past["id"], "queued", ["a"], "n")
        budget = past["spec"]["budget"] | {"candidates": 12}
        assert view["spec"] == past["spec"] | {"budget": budget, "reuse": True}

    def test_what_cannot_be(self, api: httpx.Client, services: Services) -> None:
        path = ended(api, services.store)
        assert "more than the 8" in problem(api.post(f"{path}/extend", json={"candidates": 8}), 422)["detail"]
        assert (
            "lower budget.candidates" in problem(api.post(f"{path}/extend", json={"candidates": 5000}), 422)["detail"]
        )
        problem(api.post(f"{path}/extend", json={}), 422)
        problem(api.post(f"/v1/searches/{'0' * 26}/extend", json={"candidates": 9}), 404)
        path = f"/v1/searches/{submitted(api)}"
        problem(api.post(f"{path}/extend", json={"candidates": 9}), 409)


class TestClone:
    def test_as_it_is_and_changed(self, api: httpx.Client) -> None:
        path = f"/v1/searches/{submitted(api, name='mine', workers=3)}"
        before = api.get(path).json()
        plain = api.post(f"{path}/clone")
        assert (plain.status_code, plain.json()["spec"]) == (201, before["spec"])
        patch = {"name": "yours", "budget": {"candidates": 9}, "workers": None}
        spec = api.post(f"{path}/clone", json=patch).json()["spec"]
        budget = before["spec"]["budget"] | {"candidates": 9}
        assert spec == before["spec"] | {"name": "yours", "budget": budget, "workers": 2}

    @pytest.mark.parametrize(
        "body",
        [
            b"[]",
            b"null",
            b"{",
            b"\xff",
            b"[" * 50_000,
            b'{"surprise": 1}',
            b'{"seed": NaN}',
            b'{"budget": 3}',
            b'{"backbone": "unknown"}',
            b'{"\\ud800": 1}',
            b'{"name": "\\u0000"}',
        ],
    )
    def test_what_is_no_patch(self, api: httpx.Client, services: Services, body: bytes) -> None:
        path = f"/v1/searches/{submitted(api)}"
        problem(api.post(f"{path}/clone", content=body), 422)
        assert len(services.store.searches.page()) == 1

    def test_too_large(self, api: httpx.Client) -> None:
        path = f"/v1/searches/{submitted(api)}"
        body = json.dumps({"name": "x" * 70_000}).encode()
        problem(api.post(f"{path}/clone", content=body), 413)


class TestDeletion:
    def test_of_artifacts_and_of_all(self, api: httpx.Client, services: Services) -> None:
        lease = running(api, services.store)
        path, folder = f"/v1/searches/{lease.search_id}", services.artifacts / lease.search_id
        for where in (path, f"{path}/artifacts"):
            problem(api.delete(where), 409)
        (folder / "models" / "best").mkdir(parents=True)
        (folder / "models" / "best" / "weights.safetensors").write_bytes(b"w")
        services.store.leases.finish(lease, Status.SUCCEEDED, result={"artifact": "models/best"})
        assert api.get(f"{path}/model").status_code == 200
        for _ in range(2):
            view = api.delete(f"{path}/artifacts").json()
            assert view["artifacts_deleted_at"] is not None
            assert not folder.exists()
            assert api.get(path).json() == view
        problem(api.get(f"{path}/model"), 404)
        assert api.delete(path).status_code == 204
        for answer in (api.get(path), api.delete(path), api.get(f"{path}/candidates")):
            problem(answer, 404)

    def test_a_search_with_candidates(self, api: httpx.Client, services: Services) -> None:
        lease = running(api, services.store)
        services.store.candidates.record_ask(lease, Candidate(0, (1,) * 8), 0)
        services.store.leases.finish(lease, Status.CANCELLED)
        assert api.delete(f"/v1/searches/{lease.search_id}").status_code == 204
        assert services.store.searches.page() == []


def test_what_is_another_s(api: httpx.Client, services: Services) -> None:
    """The caller without a key is an admin, so another's search is changed too, and a copy is one's own."""
    other = Caller("ann", Role.MEMBER, "k")
    search = services.store.searches.create(parse_spec(SPEC), "1", caller=other)
    path = f"/v1/searches/{search.id}"
    assert api.post(f"{path}/pause").json()["owner"] == "ann"
    assert api.post(f"{path}/clone").json()["owner"] == "local"
