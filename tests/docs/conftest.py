"""A service for the whole folder, with a search that has ended, and a reader in an empty folder beside it."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.page import ROOT
from tests.docs.reader import Reader
from tests.end_to_end.service import Service

ENDED: dict[str, Any] = {
    "name": "read-about",
    "data": "shapes-tiny",
    "space": {"patch_ratios": [1.0, 0.7], "foreground": "saliency"},
    "budget": {"candidates": 6, "macs_ratio": 0.8},
    "algorithm": {"name": "genetic", "population": 4},
    "fidelity": {"audit": 0},
    "proxy": {"steps": 2, "fitness_examples": 32},
    "final": {"steps": 4, "finalists": 1},
    "workers": 1,
}
"""What pages that show a result look at: on the network that ships, as the tasks of readers are."""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`twinsieve serve` in processes of its own."""
    with Service(tmp_path_factory.mktemp("docs")) as service:
        view = service.ended(service.submit(ENDED))
        assert view["status"] == "succeeded", f"{view['error']}\n{service.logs()}"
        yield service


@pytest.fixture
def reader(service: Service, tmp_path: Path) -> Reader:
    """Somebody new, in a folder from which `docs/` is to be seen as in a clone."""
    url = service.request("GET", "/me").url
    address = f"{url.scheme}://{url.netloc.decode()}"
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "docs").symlink_to(ROOT / "docs")
    return Reader(folder, address, environment(tmp_path / "bin", address))


def environment(binaries: Path, address: str) -> dict[str, str]:
    """A user's environment: this interpreter first on the path, and `twinsieve` as an installation puts it there."""
    binaries.mkdir()
    command = binaries / "twinsieve"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m service.cli "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TWINSIEVE_", "RAY_"))}
    path = os.pathsep.join([str(binaries), str(Path(sys.executable).parent), os.environ["PATH"]])
    return kept | {"PATH": path, "PYTHONPATH": str(ROOT), "TWINSIEVE_SERVER": address, "COLUMNS": "120"}
