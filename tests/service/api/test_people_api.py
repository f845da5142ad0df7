"""Routes of people over HTTP: who the caller is, keys, quotas; and who needs no key."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from service.api.services import Services
from service.domain.person import Role
from service.domain.quota import Quota
from service.people.quotas import Quotas
from service.settings import Settings
from tests.service.conftest import Clock
from tests.service.serving import serving


@pytest.fixture
def locked(services: Services, tmp_path: Path) -> Iterator[httpx.Client]:
    """An API that requires keys, and a client without one."""
    settings = Settings(state_dir=tmp_path, require_keys=True)
    with serving(replace(services, settings=settings)) as at, httpx.Client(base_url=at, trust_env=False) as client:
        yield client


def bearer(services: Services, role: Role, owner: str = "ann") -> dict[str, str]:
    return {"Authorization": f"Bearer {services.store.keys.create(owner, role).key}"}


class TestMe:
    def test_nobody_needs_a_key_here(self, api: httpx.Client) -> None:
        me = api.get("/v1/me").json()
        assert (me["owner"], me["role"], me["key_id"]) == ("local", "admin", None)

    def test_whose_key_it_is(self, locked: httpx.Client, services: Services) -> None:
        services.store.quotas.set("ann", queued=3)
        new = services.store.keys.create("ann", Role.VIEWER)
        me = locked.get("/v1/me", headers={"Authorization": f"Bearer {new.key}"}).json()
        assert (me["owner"], me["role"], me["key_id"]) == ("ann", "viewer", new.record.id)
        assert me["quota"] == {"queued": 3, "running": None, "candidates": None, "gpu_hours": None, "weight": 1.0}

    def test_a_key_counts_where_none_is_needed(self, api: httpx.Client, services: Services) -> None:
        assert api.get("/v1/me", headers=bearer(services, Role.MEMBER)).json()["owner"] == "ann"
        wrong = api.get("/v1/me", headers={"Authorization": f"Bearer tws_{'0' * 16}_{'0' * 64}"})
        assert wrong.status_code == 401
        assert "unknown" in wrong.json()["detail"]

    @pytest.mark.parametrize("header", ["Basic YW5uOmFubg==", "Bearer", "tws_1_2", "\xff"])
    def test_what_is_no_bearer_is_no_key(self, locked: httpx.Client, header: str) -> None:
        answer = locked.get("/v1/me", headers=[(b"Authorization", header.encode("latin-1"))])
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "TWINSIEVE_API_KEY" in answer.json()["detail"]


class TestPagesOfElsewhere:
    """A browser on this machine can be led here by a page that is not ours."""

    @pytest.mark.parametrize(
        "headers",
        [
            {"Host": "evil.example"},  # a name of theirs that leads to this address
            {"Host": "127.0.0.1.evil.example"},
            {"Host": "[::1"},
            {"Host": ""},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://[::1"},
        ],
    )
    def test_refused(self, api: httpx.Client, headers: dict[str, str]) -> None:
        answer = api.post("/v1/keys", json={"owner": "eve", "role": "admin"}, headers=headers)
        assert answer.status_code in (400, 401)  # some are no HTTP at all
        assert not api.get("/v1/keys").json()["items"]

    @pytest.mark.parametrize("host", ["localhost:8321", "127.0.0.1", "[::1]:8321", "LOCALHOST"])
    def test_this_machine_by_its_own_name(self, api: httpx.Client, host: str) -> None:
        assert api.get("/v1/me", headers={"Host": host, "Origin": f"http://{host}"}).status_code == 200

    def test_a_key_is_good_under_every_name(self, api: httpx.Client, services: Services) -> None:
        headers = bearer(services, Role.MEMBER) | {"Host": "lab.example"}
        assert api.get("/v1/me", headers=headers).status_code == 200


class TestKeys:
    def test_made_used_and_taken_back(self, locked: httpx.Client, services: Services) -> None:
        admin = bearer(services, Role.ADMIN, "root")
        made = locked.post("/v1/keys", json={"owner": "bob", "label": "notebook"}, headers=admin)
        assert made.status_code == 201
        assert made.headers["Cache-Control"] == "no-store"
        new = made.json()
        bob = {"Authorization": f"Bearer {new['key']}"}
        assert locked.get("/v1/me", headers=bob).json()["role"] == "member"
        listed = locked.get("/v1/keys", headers=admin)
        assert new["key"] not in listed.text
        assert new["record"]["id"] in [each["id"] for each in listed.json()["items"]]
        gone = locked.delete(f"/v1/keys/{new['record']['id']}", headers=admin)
        assert gone.json()["revoked_at"] is not None
        refused = locked.get("/v1/me", headers=bob)
        assert (refused.status_code, "revoked" in refused.json()["detail"]) == (401, True)
        actors = {each.actor.split("/")[0] for each in services.store.journal.page(limit=2)}
        assert actors == {"root"}

    def test_pages(self, api: httpx.Client, services: Services, clock: Clock) -> None:
        for owner in ("ann", "bob", "ann"):
            services.store.keys.create(owner, Role.MEMBER)
            clock.advance(1)
        first = api.get("/v1/keys", params={"limit": 2}).json()
        rest = api.get("/v1/keys", params={"limit": 2, "after": first["next"]}).json()
        assert [each["owner"] for each in first["items"] + rest["items"]] == ["ann", "bob", "ann"]
        assert rest["next"] is None
        assert len(api.get("/v1/keys", params={"owner": "ann"}).json()["items"]) == 2

    @pytest.mark.parametrize(
        "body",
        [
            {"owner": "a b"},
            {"owner": "ann", "role": "root"},
            {"owner": "ann", "label": "a\nb"},
            {"owner": "ann", "expires_at": "2020-01-01T00:00:00Z"},
            {"owner": "ann", "expires_at": "2030-01-01T00:00:00"},
            {"owner": "ann", "expires_at": "9999-12-31T23:59:59-12:00"},
            {"owner": "ann", "more": 1},
            {},
        ],
    )
    def test_wishes_that_cannot_be(self, api: httpx.Client, body: dict[str, object]) -> None:
        assert api.post("/v1/keys", json=body).status_code == 422
        assert not api.get("/v1/keys").json()["items"]

    def test_a_life_with_an_end(self, api: httpx.Client, clock: Clock) -> None:
        end = clock.now + timedelta(hours=1)
        made = api.post("/v1/keys", json={"owner": "ann", "expires_at": end.isoformat()}).json()
        headers = {"Authorization": f"Bearer {made['key']}"}
        assert api.get("/v1/me", headers=headers).status_code == 200
        clock.now = end
        assert "expired" in api.get("/v1/me", headers=headers).json()["detail"]

    @pytest.mark.parametrize("key_id", ["0" * 16, "%00", "..%2f..%2fme", "a" * 500])
    def test_none_of_that_id(self, api: httpx.Client, key_id: str) -> None:
        assert api.delete(f"/v1/keys/{key_id}").status_code == 404


class TestQuotas:
    def test_said_shown_and_kept(self, services: Services, tmp_path: Path) -> None:
        store = replace(services.store, quotas=Quotas(services.store.engine, services.store.clock, Quota(running=2)))
        with serving(replace(services, store=store)) as address, httpx.Client(base_url=address, trust_env=False) as api:
            view = {"queued": 5, "running": 2, "candidates": None, "gpu_hours": 1.5, "weight": 1.0}
            said = api.put("/v1/quotas/ann", json={"queued": 5, "gpu_hours": 1.5}).json()
            assert (said["owner"], said["quota"]) == ("ann", view)
            assert api.get("/v1/quotas/ann").json() == said
            assert api.get("/v1/quotas").json() == {"items": [said], "next": None}
            assert api.get("/v1/quotas/bob").json()["quota"]["queued"] is None
            assert api.put("/v1/quotas/ann", json={}).json()["quota"] == {**view, "queued": None, "gpu_hours": None}

    @pytest.mark.parametrize(
        "body", ['{"queued": -1}', '{"queued": 1.5}', '{"weight": 0}', '{"gpu_hours": NaN}', '{"more": 1}', "[]", ""]
    )
    def test_what_cannot_be(self, api: httpx.Client, body: str) -> None:
        headers = {"Content-Type": "application/json"}
        assert api.put("/v1/quotas/ann", content=body, headers=headers).status_code == 422

    @pytest.mark.parametrize("owner", ["%00", "a%20b", "a" * 65])
    def test_owners_that_cannot_be(self, api: httpx.Client, owner: str) -> None:
        assert api.put(f"/v1/quotas/{owner}", json={}).status_code == 422
        assert api.get(f"/v1/quotas/{owner}").status_code == 422

    def test_a_submission_beyond_it(self, locked: httpx.Client, services: Services) -> None:
        services.store.quotas.set("ann", queued=1)
        spec = {"backbone": "tiny", "budget": {"candidates": 8}, "algorithm": {"name": "genetic", "population": 4}}
        headers = bearer(services, Role.MEMBER)
        assert locked.post("/v1/searches", json=spec, headers=headers).status_code == 201
        refused = locked.post("/v1/searches", json=spec, headers=headers)
        assert refused.status_code == 403
        assert "you have 1 of 1 queued searches" in refused.json()["detail"]
