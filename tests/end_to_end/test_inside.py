"""What is seen of the inside of a search that real workers do: while it runs and at its end."""

import io
import socket
from typing import Any

import pytest
from PIL import Image

from tests.end_to_end.conftest import SPEC
from tests.end_to_end.service import Service

pytestmark = pytest.mark.timeout(600)

FILTERED: dict[str, Any] = SPEC | {
    "space": {**SPEC["space"], "patch_ratios": [0.5], "foreground": "saliency"},
    "budget": {"candidates": 6, "macs_ratio": 0.9},
    "algorithm": {"name": "random"},
    "fidelity": {"audit": 0},
    "workers": 2,
}


def test_workers_log_and_patches(service: Service) -> None:
    search_id = service.submit(FILTERED)
    path = f"/searches/{search_id}"
    service.until(lambda: service.request("GET", f"{path}/log").json()["lines"], bool)  # while it runs
    assert service.request("GET", f"{path}/patches").status_code == 404
    view = service.ended(search_id)
    assert view["status"] == "succeeded", f"{view['error']}\n{service.logs()}"

    activity = service.request("GET", f"{path}/activity").json()
    names = {worker["name"] for worker in activity["workers"]}
    assert names <= {f"{socket.gethostname()}/{slot}" for slot in (0, 1)}
    told = sum(stage["told"] for stage in view["progress"]["stages"].values())
    assert sum(worker["candidates"] for worker in activity["workers"]) == told
    assert (activity["unattributed"], activity["failures"]) == (0, [])
    assert 0 < activity["utilisation"] <= 1

    def last_lines() -> list[str]:
        lines: list[str] = service.request("GET", f"{path}/log").json()["lines"]
        return lines

    service.until(last_lines, lambda lines: any("of scoring in" in line for line in lines))
    assert any("candidate 0: accuracy" in line for line in last_lines())

    preview = service.request("GET", f"{path}/patches").json()
    assert (preview["filtered"], preview["foreground"], len(preview["images"])) == (True, "saliency", 12)
    picture = service.request("GET", f"{path}/patches/11.png").content
    assert Image.open(io.BytesIO(picture)).size == (48, 48)
