"""The example plugins of the documents, installed as their users would, and what then runs with them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SECONDS = 240.0  # how long a process may take on a machine that is busy with other things
SPEC: Mapping[str, Any] = {
    "data": "shapes-tiny",
    "space": {"dropped": "bottleneck:4", "modules": ["bottleneck:4"]},
    "budget": {"candidates": 6, "macs_ratio": 0.8},
    "algorithm": {"name": "random"},
    "fidelity": {"audit": 0},
    "proxy": {"steps": 4, "batch_size": 8, "fitness_examples": 32},
    "final": {"steps": 4, "batch_size": 8, "finalists": 1},
    "workers": 1,
}

Installed = Callable[..., Path]
"""Example packages by name to a folder that holds them."""


def run(folder: Path, *arguments: object) -> str:
    """What Python prints that finds the packages in `folder`."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "left out" not in done.stderr
    return done.stdout


def search(folder: Path, state: Path, spec: Mapping[str, Any]) -> dict[str, Any]:
    """A whole search in a process with the packages in `folder`; backbones lie under `state`."""
    found: dict[str, Any] = json.loads(run(folder, "-m", "tests.examples.tiny_search", state, json.dumps(spec)))
    return found


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Installs into a throw-away folder, from a copy, without a network; the same packages once."""

    @cache
    def install(*names: str) -> Path:
        target, sources = tmp_path_factory.mktemp("target"), tmp_path_factory.mktemp("sources")
        for name in names:
            shutil.copytree(EXAMPLES / name, sources / name)
        here = [str(sources / name) for name in names]
        alone = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
        command = [sys.executable, "-m", "pip", "install", *alone, "--target", str(target), *here]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        return target

    return install
