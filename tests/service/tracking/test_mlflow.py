"""A tracking server of MLflow's own in a process of its own, and what it then has of a search."""

import importlib.util
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from service.tracking.mlflow import SEARCH_TAG, MlflowTracker, flattened
from service.tracking.shielded import Shielded
from service.tracking.tracker import Ending, Point, TrackerError
from tests.service.tracking.runs import BEGAN, RUN, points

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

SECONDS = 240.0  # how long the server may take to start on a machine that is busy with other things
EXPERIMENT = "searches"
pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("flask") is None, reason="the server of mlflow-skinny needs flask"),
    pytest.mark.filterwarnings("ignore"),  # of MLflow's own imports, which are no matter of ours
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on a free port, with a database and a folder of artifacts."""
    folder = tmp_path_factory.mktemp("mlflow")
    log = folder / "server.log"
    store = ("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "0", "--workers", "1", *store],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
            cwd=folder,
        )
    try:
        yield _address(process, log)
    finally:
        family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
        for each in family:
            each.terminate()
        process.wait(SECONDS)
        psutil.wait_procs(family, timeout=SECONDS)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        said = re.search(r"running on (http://127\.0\.0\.1:[1-9]\d*)", log.read_text(errors="replace"))
        if said is not None and _well(said[1]):
            return said[1]
        time.sleep(0.1)
    raise AssertionError(f"the server did not start\n{log.read_text(errors='replace')}")


def _well(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def kept(server: str, search_id: str = RUN.search_id) -> "tuple[MlflowClient, Run]":
    """A client, and the one run of a search."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id], filter_string=f"tags.`{SEARCH_TAG}` = '{search_id}'")
    return client, run


def test_a_search_over_two_processes(server: str, tmp_path: Path) -> None:
    first = MlflowTracker(server, experiment=EXPERIMENT)
    first.begin(RUN)
    first.write(points(1, 3))
    first.end(None, ())
    assert kept(server)[1].info.status == "SCHEDULED"
    model = tmp_path / "abc"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (tmp_path / "report.md").write_text("# Report")
    second = MlflowTracker(server, experiment=EXPERIMENT)
    second.begin(RUN)
    second.write(points(1, 4))  # its replay tells the past again
    second.write(points(5, 5))
    second.end(Ending.SUCCEEDED, (tmp_path / "report.md", model))

    client, run = kept(server)
    history = client.get_metric_history(run.info.run_id, "proxy/accuracy")
    assert [each.step for each in history] == [1, 2, 3, 4, 5]
    assert [each.value for each in history] == [0.01, 0.02, 0.03, 0.04, 0.05]
    assert [each.timestamp for each in history] == [round(BEGAN.timestamp() + step) * 1000 for step in range(1, 6)]
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "first"
    assert run.data.params == {
        "seed": "7",
        "budget.candidates": "3",
        "budget.macs_ratio": "0.8",
        "objectives": "['accuracy']",
    }
    assert run.data.tags["twinsieve.labels"] == "paper, draft"
    assert {each.path for each in client.list_artifacts(run.info.run_id)} == {"spec.json", "report.md", "model"}
    assert [each.path for each in client.list_artifacts(run.info.run_id, "model")] == ["model/config.json"]


def test_more_than_one_request_takes(server: str) -> None:
    long = replace(RUN, search_id="long", spec={f"key{at}": "x" * 10_000 for at in range(150)})
    tracker = MlflowTracker(server, experiment=EXPERIMENT)
    tracker.begin(long)
    values = {f"proxy/value{at}": float(at) for at in range(150)} | {"search/candidate": 0.0}
    tracker.write([Point(step, BEGAN, values) for step in range(1, 11)])
    tracker.end(Ending.CANCELLED, ())
    client, run = kept(server, "long")
    assert run.info.status == "KILLED"
    assert len(run.data.params) == 150
    assert [each.step for each in client.get_metric_history(run.info.run_id, "proxy/value149")] == list(range(1, 11))


def test_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    away = MlflowTracker("http://127.0.0.1:9", experiment="x")
    shielded = Shielded("mlflow", away, RUN, patience_seconds=SECONDS)
    shielded.write(points(1, 1)[0])
    shielded.end(Ending.SUCCEEDED, ())
    assert "tracker 'mlflow' failed, 1 candidates were not written there" in caplog.text


def test_what_it_is_told_before_it_begins() -> None:
    with pytest.raises(TrackerError, match="not begun"):
        MlflowTracker("http://127.0.0.1:9", experiment="x").write(points(1, 1))


def test_parameters_are_named_by_their_paths() -> None:
    assert dict(flattened({"a": {"b": {"c": 1}, "d": None}, "e": [1]})) == {"a.b.c": "1", "a.d": "None", "e": "[1]"}
