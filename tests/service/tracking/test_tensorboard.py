"""Event files as TensorBoard itself reads them."""

from pathlib import Path

import pytest

from service.tracking.tensorboard import TensorboardTracker
from service.tracking.tracker import Ending, TrackerError
from tests.service.tracking.runs import BEGAN, RUN, points

event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def read(folder: Path) -> tuple[list[str], dict[str, list[tuple[int, float, float]]]]:
    """The names of the texts, and the steps, values and times of the scalars."""
    found = event_accumulator.EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    tags = found.Tags()
    scalars = {tag: [(each.step, each.value, each.wall_time) for each in found.Scalars(tag)] for tag in tags["scalars"]}
    return tags["tensors"], scalars


def test_a_search_is_read_back(tmp_path: Path) -> None:
    tracker = TensorboardTracker(tmp_path)
    tracker.begin(RUN)
    tracker.write(points(1, 3))
    tracker.write(points(4, 5))
    tracker.end(Ending.SUCCEEDED, ())
    texts, scalars = read(tmp_path / f"first-{RUN.search_id}")
    assert {text.removesuffix("/text_summary") for text in texts} == {"about", "spec", "status"}
    assert set(scalars) == {"search/candidate", "proxy/accuracy"}
    accuracies = scalars["proxy/accuracy"]
    assert [step for step, _, _ in accuracies] == [1, 2, 3, 4, 5]
    assert [value for _, value, _ in accuracies] == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05])
    assert [time - BEGAN.timestamp() for _, _, time in accuracies] == pytest.approx([1, 2, 3, 4, 5])


def test_another_process_goes_on_and_no_step_is_there_twice(tmp_path: Path) -> None:
    for last, ending in ((3, None), (5, Ending.SUCCEEDED)):
        tracker = TensorboardTracker(tmp_path)
        tracker.begin(RUN)
        tracker.write(points(1, last))
        tracker.end(ending, ())
    _, scalars = read(tmp_path / f"first-{RUN.search_id}")
    assert [step for step, _, _ in scalars["proxy/accuracy"]] == [1, 2, 3, 4, 5]


def test_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        TensorboardTracker(tmp_path / "file").begin(RUN)
    with pytest.raises(TrackerError, match="not begun"):
        TensorboardTracker(tmp_path).write(points(1, 1))
