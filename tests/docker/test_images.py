"""The Dockerfiles, and the requirements that they pin."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.docker.compose_file import DOCKER, ROOT

DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
LOCKS = ("api", "worker-cpu", "worker-cuda")
HEAVY = {"torch", "ray", "transformers", "scikit-learn", "triton"}
each_dockerfile = pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
each_lock = pytest.mark.parametrize("name", LOCKS)


def _pinned(name: str) -> dict[str, str]:
    lines = (DOCKER / f"requirements-{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", lines, flags=re.MULTILINE))


def _wanted(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return [Requirement(line) for line in lines]


@each_dockerfile
def test_the_linter_finds_nothing(path: Path) -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, "--no-color", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@each_dockerfile
def test_the_last_stage_is_nobodys_and_can_tell_its_health(path: Path) -> None:
    last = path.read_text().rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.*)$", last, flags=re.MULTILINE) == ["10001:10001"]
    assert re.search(r"^HEALTHCHECK ", last, flags=re.MULTILINE)
    assert "pip install" not in last


@each_dockerfile
def test_bases_are_of_the_python_that_the_tests_run_on(path: Path) -> None:
    (base,) = re.findall(r"^ARG BASE=python:(\d+\.\d+)-slim-\w+$", path.read_text(), flags=re.MULTILINE)
    assert base == f"{sys.version_info.major}.{sys.version_info.minor}"


@each_lock
def test_every_package_is_pinned_with_its_hash(name: str) -> None:
    text = (DOCKER / f"requirements-{name}.txt").read_text()
    entries = re.findall(
        r"^([a-z0-9][^ ]*) \\\n((?: {4}--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text + "\n", re.MULTILINE
    )
    assert len(entries) == len(_pinned(name)) > 40


@pytest.mark.parametrize(
    ("name", "extras"), [("api", ("s3",)), ("worker-cpu", ("s3", "workers")), ("worker-cuda", ("s3", "workers"))]
)
def test_the_pins_are_what_the_project_wants(name: str, extras: tuple[str, ...]) -> None:
    pinned = _pinned(name)
    for wanted in _wanted(*extras):
        version = pinned[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{wanted}: pinned is {version}; run docker/lock"


def test_the_api_has_neither_torch_nor_ray() -> None:
    assert not HEAVY & set(_pinned("api"))
    assert {"torch", "ray"} <= set(_pinned("worker-cpu"))


def test_what_several_images_have_is_the_same_in_all() -> None:
    api, cpu, cuda = (_pinned(name) for name in LOCKS)
    assert api.items() <= cpu.items()
    assert cpu["torch"] == f"{cuda['torch']}+cpu"
    rest = {name: version for name, version in cpu.items() if name != "torch"}
    assert rest.items() <= cuda.items()
    assert all(name.startswith(("nvidia-", "cuda-", "triton", "torch")) for name in set(cuda) - set(rest))
