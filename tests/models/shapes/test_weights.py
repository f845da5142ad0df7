"""The networks that ship: their accuracy on test with nothing trained, beside what can be had without looking."""

import pytest

from models.batch import Split
from models.checkpoints import load_network
from models.registry import SHIPPED, BackboneRegistry
from models.shapes.dataset import ShapesData
from models.shapes.pretraining import CONFIGS
from models.shapes.question import ANSWERS
from models.shapes.report import plain_accuracy
from models.weights import WEIGHTS
from models.workload import TaskName

LEAST = {
    "vilt": {TaskName.VQA: (400, 0.75), TaskName.NLVR2: (300, 0.70), TaskName.RETRIEVAL: (120, 0.5)},
    "meter": {TaskName.VQA: (400, 0.70), TaskName.NLVR2: (300, 0.90), TaskName.RETRIEVAL: (120, 0.5)},
}


@pytest.mark.parametrize("kind", LEAST)
@pytest.mark.parametrize("task", TaskName)
def test_the_shipped_networks_see(kind: str, task: TaskName) -> None:
    """The least one must reach is well below what it was measured at, and far above any guess."""
    count, least = LEAST[kind][task]
    network = load_network(SHIPPED[f"shapes-{kind}"])
    assert plain_accuracy(network, task, ShapesData(task).examples(Split.TEST, count)) >= least


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_shipped_folders_are_small_and_are_what_this_code_would_make(kind: str) -> None:
    entry = BackboneRegistry().get(f"shapes-{kind}")
    assert entry.config == CONFIGS[kind]()
    assert entry.answers == ANSWERS
    assert (entry.path / WEIGHTS).stat().st_size < 3_000_000
    assert set(load_network(entry.path).heads) == {"vqa", "nlvr2", "itm"}
