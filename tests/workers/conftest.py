"""One small backbone and one Ray cluster for all tests of the workers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.registry import BackboneEntry
from tests.networks import TINY_METER, random_backbone
from workers.cluster import Cluster, embedded_cluster


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> BackboneEntry:
    return random_backbone(tmp_path_factory.mktemp("backbones") / "tiny")


@pytest.fixture(scope="session")
def tiny_meter(tmp_path_factory: pytest.TempPathFactory) -> BackboneEntry:
    return random_backbone(tmp_path_factory.mktemp("backbones") / "tiny-meter", TINY_METER)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with embedded_cluster(2, tmp_path_factory.mktemp("ray")) as running:
        yield running


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"
