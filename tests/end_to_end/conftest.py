"""One service for the whole folder, with a tiny random backbone, and one search on it that nobody disturbed."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from models.weights import WEIGHTS
from tests.end_to_end.service import Service
from tests.networks import random_backbone

SPEC: dict[str, Any] = {
    "backbone": "tiny",
    "data": "shapes-tiny",
    "space": {"dropped": "bottleneck:4", "modules": ["bottleneck:4"]},
    "budget": {"candidates": 12, "macs_ratio": 0.9},
    "algorithm": {"name": "genetic", "population": 6},
    "proxy": {"steps": 30, "batch_size": 8, "fitness_examples": 64},
    "fidelity": {"audit": 2, "audit_steps": 40},
    "final": {"steps": 8, "batch_size": 8, "finalists": 2},
}
CANDIDATES = 12 + 2 + 1 + 2 * (1 + 2)
"""Proxies, audits, the plain backbone, and FINAL and TEST of the baseline and two finalists."""
ENDLESS = SPEC | {"fidelity": {"audit": 0}, "proxy": {"steps": 100_000, "batch_size": 8, "fitness_examples": 64}}


@dataclass(frozen=True)
class Finished:
    """A search that ran to its end, as clients saw it."""

    id: str
    statuses: list[str]  # in the order they were seen
    view: dict[str, Any]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    tiny = random_backbone(folder / "backbones" / "tiny").path
    torn = folder / "backbones" / "torn"
    shutil.copytree(tiny, torn)
    (torn / WEIGHTS).write_bytes((tiny / WEIGHTS).read_bytes()[:-50])
    with Service(folder) as service:
        yield service


@pytest.fixture
def service(shared: Service) -> Service:
    """The shared service, started again if a test left it dead."""
    if not shared.processes():
        shared.start()
    return shared


@pytest.fixture(scope="session")
def undisturbed(shared: Service) -> Finished:
    """The search that every disturbed one must equal."""
    search_id, statuses = shared.submit(SPEC), list[str]()

    def look() -> dict[str, Any]:
        view = shared.view(search_id)
        if view["status"] not in statuses:
            statuses.append(view["status"])
        return view

    view = shared.until(look, lambda seen: seen["finished_at"] is not None)
    assert view["status"] == "succeeded", f"{view['error']}\n{shared.logs()}"
    return Finished(search_id, statuses, view)
