"""Set before anything imports Ray: the embedded cluster of the tests listens on loopback alone."""

import os
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from workers.cluster import secure

secure(os.environ)
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - as Ray spells it; else all that runs here comes before workers

TOGETHER = ("tests/docs/", "tests/end_to_end/")


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """Among several processes a file stays in one, with its fixtures; so does a folder whose tests share a service."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Whatever `--dist` says."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, so that a test pays for a copy only."""
    from service.storage.database import connect, upgrade  # here, as most processes of a suite need none

    file = tmp_path_factory.mktemp("template") / "twinsieve.sqlite"
    engine = connect(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file
