"""`open_trackers`: those that an installation's settings name."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from service.searches.store import Store
from service.settings import Settings, TrackerName
from service.tracking.followers import Follow, followers
from service.tracking.mlflow import MlflowTracker
from service.tracking.tensorboard import TensorboardTracker
from service.tracking.tracker import Tracker


def open_trackers(settings: Settings) -> Mapping[str, Tracker]:
    """By name; nothing is imported or opened before one begins."""
    named = settings.tracker_names
    trackers: dict[str, Tracker] = {}
    if TrackerName.TENSORBOARD in named:
        trackers[TrackerName.TENSORBOARD] = TensorboardTracker(settings.tensorboard)
    if TrackerName.MLFLOW in named and settings.mlflow_uri is not None:
        trackers[TrackerName.MLFLOW] = MlflowTracker(settings.mlflow_uri, experiment=settings.mlflow_experiment)
    return trackers


def following(settings: Settings, store: Store, artifacts: Path) -> Callable[[str], AbstractContextManager[Follow]]:
    """What a driver is given to tell these trackers of a search whose files lie in `artifacts`."""
    return lambda search_id: followers(
        store, search_id, open_trackers(settings), artifacts=artifacts, most_bytes=settings.tracker_max_bytes
    )
