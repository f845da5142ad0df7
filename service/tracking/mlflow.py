"""`MlflowTracker`: a run on an MLflow tracking server for each search, by MLflow's own client."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.tracking.tracked import CANDIDATE
from service.tracking.tracker import Ending, Point, Run, TrackerError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

SEARCH_TAG = "twinsieve.search"
MOST_METRICS, MOST_PARAMS = 1000, 100  # of one request, as MLflow's REST API says
LONGEST_PARAM = 6000  # characters, likewise
STATUSES = {Ending.SUCCEEDED: "FINISHED", Ending.FAILED: "FAILED", Ending.CANCELLED: "KILLED"}


class MlflowTracker:
    """Metrics at the step and the time of each candidate, the spec as parameters, small files as artifacts.

    A run is known by a tag. One that goes on in another process is taken up behind its last step.
    """

    def __init__(self, uri: str, *, experiment: str) -> None:
        self._uri = uri
        self._experiment = experiment
        self._client: MlflowClient | None = None
        self._run_id = ""
        self._spec: Mapping[str, Any] = {}
        self._written = 0

    def begin(self, run: Run) -> None:
        """Find the run of the search, or create it.

        Raises:
            TrackerError: MLflow is not installed.
            MlflowException: the server does not answer, or refuses.
        """
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise TrackerError("install the extra 'mlflow'") from None
        self._client = client = MlflowClient(tracking_uri=self._uri)
        experiment = self._experiment_id()
        found = client.search_runs([experiment], filter_string=f"tags.`{SEARCH_TAG}` = '{run.search_id}'")
        if found:
            self._run_id = found[0].info.run_id
            client.update_run(self._run_id, status="RUNNING")
        else:
            self._run_id = self._created(experiment, run)
        self._spec = run.spec
        self._describe()
        self._written = max((each.step for each in client.get_metric_history(self._run_id, CANDIDATE)), default=0)

    def write(self, points: Sequence[Point]) -> None:
        """The points that the run does not have."""
        metrics: list[Metric] = []
        for point in (each for each in points if each.step > self._written):
            of_point = _metrics(point)
            if len(metrics) + len(of_point) > MOST_METRICS:
                self._send(metrics)
                metrics = []
            metrics += of_point
        if metrics:
            self._send(metrics)

    def _send(self, metrics: Sequence["Metric"]) -> None:
        self._open().log_batch(self._run_id, metrics)
        self._written = metrics[-1].step

    def end(self, ending: Ending | None, files: Sequence[Path]) -> None:
        """Close the run, then keep the files and the spec; one that goes on later waits as scheduled."""
        client = self._open()
        if ending is None:
            client.update_run(self._run_id, status="SCHEDULED")
            return
        client.set_terminated(self._run_id, status=STATUSES[ending])
        client.log_dict(self._run_id, dict(self._spec), "spec.json")
        for path in files:
            if path.is_dir():
                client.log_artifacts(self._run_id, str(path), "model")
            else:
                client.log_artifact(self._run_id, str(path))

    def _created(self, experiment: str, run: Run) -> str:
        tags = {
            SEARCH_TAG: run.search_id,
            "twinsieve.owner": run.owner,
            "twinsieve.version": run.version,
            "twinsieve.labels": ", ".join(run.labels),
        }
        began = _milliseconds(run.began)
        created = self._open().create_run(experiment, start_time=began, run_name=run.name, tags=tags)
        return str(created.info.run_id)

    def _describe(self) -> None:
        """The spec as parameters; telling them again changes nothing."""
        from mlflow.entities import Param

        params = [Param(name, value[:LONGEST_PARAM]) for name, value in flattened(self._spec)]
        for start in range(0, len(params), MOST_PARAMS):
            self._open().log_batch(self._run_id, params=params[start : start + MOST_PARAMS])

    def _experiment_id(self) -> str:
        client = self._open()
        if (found := client.get_experiment_by_name(self._experiment)) is not None:
            return str(found.experiment_id)
        return str(client.create_experiment(self._experiment))

    def _open(self) -> "MlflowClient":
        if self._client is None:
            raise TrackerError("it was not begun")
        return self._client


def flattened(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each value of nested data by its path, such as `budget.candidates`."""
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)


def _metrics(point: Point) -> list["Metric"]:
    from mlflow.entities import Metric

    at = _milliseconds(point.at)
    return [Metric(name, value, at, point.step) for name, value in point.values.items()]


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
