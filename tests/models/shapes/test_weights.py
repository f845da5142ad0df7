"""The network that ships: its accuracy on test with nothing trained, beside what can be had without looking."""

import pytest

from models.batch import Split
from models.checkpoints import load_network
from models.pretraining import shapes_config
from models.registry import SHIPPED, BackboneRegistry
from models.shapes.dataset import ShapesData
from models.shapes.question import ANSWERS
from models.shapes.report import plain_accuracy
from models.weights import WEIGHTS
from models.workload import TaskName

FOLDER = SHIPPED["shapes-vilt"]


@pytest.mark.parametrize(
    ("task", "count", "least"), [(TaskName.VQA, 400, 0.75), (TaskName.NLVR2, 300, 0.70), (TaskName.RETRIEVAL, 120, 0.5)]
)
def test_the_shipped_network_sees(task: TaskName, count: int, least: float) -> None:
    """The least it must reach is well below what it was measured at, and far above any guess."""
    assert plain_accuracy(load_network(FOLDER), task, ShapesData(task).examples(Split.TEST, count)) >= least


def test_the_shipped_folder_is_small_and_is_what_this_code_would_make() -> None:
    entry = BackboneRegistry().get("shapes-vilt")
    assert entry.config == shapes_config()
    assert entry.answers == ANSWERS
    assert (FOLDER / WEIGHTS).stat().st_size < 3_000_000
    assert set(load_network(FOLDER).heads) == {"vqa", "nlvr2", "itm"}
