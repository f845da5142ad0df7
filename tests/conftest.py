"""Set before anything imports Ray: the embedded cluster of the tests listens on loopback alone."""

import os
from pathlib import Path

import pytest

from workers.cluster import secure

secure(os.environ)

ROOT = Path(__file__).parent
CLUSTERS = ("end_to_end/", "workers/test_elastic.py", "workers/test_tune_runner.py", "docker/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Among several processes a file stays in one, with its fixtures, and whatever starts Ray clusters in another."""
    for item in items:
        file = item.path.relative_to(ROOT).as_posix()
        item.add_marker(pytest.mark.xdist_group("clusters" if file.startswith(CLUSTERS) else file))
