"""The OpenAPI document, and the API held against it by Schemathesis: every route, thousands of requests, no 5xx.

The suite makes a few requests of each kind. `TWINSIEVE_FUZZ_EXAMPLES=100 pytest
tests/service/api/test_openapi.py` makes thousands, and takes minutes.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from search.contracts import Candidate, Fidelity
from service.api.app import create_app
from service.api.document import put_right
from service.api.problems import MEDIA_TYPE
from service.api.services import Services
from service.domain.person import Role
from service.domain.records import Status
from service.searches.store import Store
from service.settings import Settings
from tests.service.asking import FULL, measured, running, submitted
from tests.service.serving import services_on, serving

EXAMPLES = int(os.environ.get("TWINSIEVE_FUZZ_EXAMPLES", "4"))
FEWEST = 12  # requests of an operation that have to be made, on average: Schemathesis adds its own to the examples
LIMIT_SECONDS = 120 + 60 * EXAMPLES
METHODS = {"get", "put", "post", "delete", "patch"}
OWN_KEY = "DELETE /v1/keys/{key_id}"  # would end the run's own key
WITHOUT_KEYS = ("ignored_auth", "missing_required_header", "negative_data_rejection")
"""What is wrong of requests without a key is right where nobody needs one."""
CONFIG = """
warnings = false

[checks.positive_data_acceptance]  # a spec of the right form may still be one that cannot be searched
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429"]

[[operations]]
include-path-regex = "/events$"
checks.positive_data_acceptance.enabled = false  # ids of events are text, but not any text

[dictionaries]
searches = {{ values = {searches} }}
webhooks = {{ values = {webhooks} }}
urls = {{ values = ["http://127.0.0.1:9/hook"] }}

[parameters]
"path.search_id" = {{ dictionary = "searches", probability = 0.6 }}
"path.webhook_id" = {{ dictionary = "webhooks", probability = 0.6 }}
"body.url" = {{ dictionary = "urls", probability = 0.6 }}
"""


@dataclass(frozen=True)
class Lab:
    """A running API with searches of every state and webhooks, for whom every address will do."""

    address: str
    key: str
    searches: Sequence[str]
    webhooks: Sequence[str]


@pytest.fixture
def lab(sqlite: Engine, tmp_path: Path) -> Iterator[Lab]:
    with _lab(sqlite, tmp_path, require_keys=True) as found:
        yield found


@pytest.fixture
def open_lab(sqlite: Engine, tmp_path: Path) -> Iterator[Lab]:
    with _lab(sqlite, tmp_path, require_keys=False) as found:
        yield found


@contextmanager
def _lab(sqlite: Engine, tmp_path: Path, *, require_keys: bool) -> Iterator[Lab]:
    settings = Settings(rate_per_minute=None, require_keys=require_keys, webhook_private=True, poll_seconds=0.05)
    services = replace(services_on(Store.on(sqlite), tmp_path), settings=settings)
    key = services.store.keys.create("ann", Role.ADMIN).key
    headers = {"Authorization": f"Bearer {key}"}
    with serving(services) as address, httpx.Client(base_url=address, trust_env=False, headers=headers) as api:
        searches = list(_searches(api, services))
        wish = {"url": "http://127.0.0.1:9/hook"}
        webhooks = [api.post("/v1/webhooks", json=wish).raise_for_status().json()["webhook"]["id"] for _ in range(3)]
        yield Lab(address, key, searches, webhooks)


def _searches(api: httpx.Client, services: Services) -> Iterator[str]:
    for status in (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.RUNNING):
        lease = running(api, services.store)
        measured(services.store, lease, [{"accuracy": 0.5, "macs": 9.0}, "diverged"])
        services.store.candidates.record_ask(lease, Candidate(2, FULL, Fidelity.FINAL), 2)
        if status is Status.SUCCEEDED:
            folder = services.artifacts / lease.search_id / "best"
            folder.mkdir(parents=True)
            (folder / "config.json").write_text("{}")
        if status.finished:
            result = {"artifact": "best", "chosen": 0}
            error = "boom" if status is Status.FAILED else None
            services.store.leases.finish(lease, status, result=result, error=error)
        yield lease.search_id
    paused = submitted(api)
    api.post(f"/v1/searches/{paused}/pause").raise_for_status()
    yield paused
    yield submitted(api)


class TestDocument:
    def test_problems_have_their_media_type(self, services: Services) -> None:
        for operation in _operations(create_app(services).openapi()):
            assert list(operation["responses"]["default"]["content"]) == [MEDIA_TYPE]

    def test_every_reference_leads_somewhere(self, services: Services) -> None:
        document = create_app(services).openapi()
        found = set(re.findall(r'"(#/[^"]*)"', json.dumps(document)))
        assert "#/components/schemas/BudgetSpec" in found
        for reference in found:
            place: Any = document
            for part in reference.split("/")[1:]:
                place = place[part]

    def test_one_name_for_two_schemas(self) -> None:
        body = {"content": {"application/json": {"schema": {"$defs": {"Same": {"type": "string"}}}}}}
        schemas = {"Same": {"type": "integer"}}
        document = {
            "paths": {"/": {"post": {"requestBody": body, "responses": {}}}},
            "components": {"schemas": schemas},
        }
        with pytest.raises(ValueError, match="two schemas are called Same"):
            put_right(document)


def _operations(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for method, operation in path.items() if method in METHODS)


class TestEveryRoute:
    @pytest.mark.timeout(LIMIT_SECONDS)
    def test_held_against_the_document(self, lab: Lab, tmp_path: Path) -> None:
        report = _run(lab, tmp_path, "--exclude-name", OWN_KEY)
        operations = report["operations"]
        assert operations["tested"] == operations["total"] - 1
        assert report["test_cases"]["generated"] >= FEWEST * operations["tested"]
        assert report["warnings"]["missing_auth"] == []

    @pytest.mark.timeout(LIMIT_SECONDS)
    def test_without_keys(self, open_lab: Lab, tmp_path: Path) -> None:
        report = _run(open_lab, tmp_path, "--phases", "fuzzing,stateful", "--exclude-checks", ",".join(WITHOUT_KEYS))
        assert report["operations"]["tested"] == report["operations"]["total"]


def _run(lab: Lab, folder: Path, *more: str) -> Mapping[str, Any]:
    config, report = folder / "schemathesis.toml", folder / "report.json"
    config.write_text(CONFIG.format(searches=json.dumps(lab.searches), webhooks=json.dumps(lab.webhooks)))
    command = ["schemathesis.cli", "--config-file", str(config), "run", f"{lab.address}/openapi.json"]
    header = ["--header", f"Authorization: Bearer {lab.key}"]
    amount = ["--max-examples", str(EXAMPLES), "--seed", "1", "--no-shrink", "--no-color"]
    reports = ["--report", "json", "--report-json-path", str(report)]
    ran = subprocess.run(
        [sys.executable, "-m", *command, *header, *amount, *reports, *more],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        env={**os.environ, "COLUMNS": "160"},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: Mapping[str, Any] = json.loads(report.read_text())
    return found
