"""The losses of the recipes, and which false texts a retrieval example is trained with."""

import pytest
import torch
from torch.nn import functional as F

from models.architecture import Architecture
from models.batch import Split
from models.heads import TASKS
from models.inputs import Inputs, read_batch
from models.network import Network
from models.recipe import Loss
from models.shapes.dataset import ShapesData
from models.student import Student
from models.workload import TaskName
from tests.networks import TINY, random_network
from workers.objective import Objective, matching_loss

RETRIEVAL = TASKS[TaskName.RETRIEVAL]


@pytest.fixture(scope="module")
def network() -> Network:
    return random_network()


def test_soft_scores_with_and_without_the_number_of_answers(network: Network) -> None:
    pooled, targets = torch.randn(3, 1, 16, generator=torch.Generator().manual_seed(0)), torch.rand(3, 5)
    head = torch.nn.Linear(16, 5)
    logits = head(pooled[:, 0])
    expected = F.binary_cross_entropy_with_logits(logits, targets)
    for loss, times in ((Loss.SOFT_SCORES, 5), (Loss.MEAN_SOFT_SCORES, 1)):
        objective = Objective(network, TASKS[TaskName.VQA], losses=(loss,), false_texts=0)
        assert not list(objective.parameters())
        torch.testing.assert_close(objective(head, pooled, targets), times * expected)


def test_matching_is_the_mean_over_the_published_draws() -> None:
    """One pair of each example is drawn, the true one with odds of a half, a false one evenly."""
    generator = torch.Generator().manual_seed(0)
    logits, true = torch.randn(4, 3, 2, generator=generator), torch.tensor([0, 2, 1, 2])
    expected = 0.0
    for row, place in zip(logits, true.tolist(), strict=True):
        false = [each for each in range(3) if each != place]
        expected += 0.5 * F.cross_entropy(row[place], torch.tensor(1)).item()
        expected += sum(0.25 * F.cross_entropy(row[each], torch.tensor(0)).item() for each in false)
    assert matching_loss(logits, true).item() == pytest.approx(expected / 4)


def test_matching_is_added_to_ranking(network: Network) -> None:
    pooled = torch.randn(3, 4, 16, generator=torch.Generator().manual_seed(0))
    targets, head = torch.tensor([0, 3, 1]), network.head(TaskName.RETRIEVAL)
    both = Objective(network, RETRIEVAL, losses=(Loss.RANKING, Loss.MATCHING), false_texts=15)
    assert both.matching is not None
    assert both.matching is not network.heads["itm"]
    assert all(parameter.requires_grad for parameter in both.parameters())
    ranking = Objective(network, RETRIEVAL, losses=(Loss.RANKING,), false_texts=15)
    added = both(head, pooled, targets) - ranking(head, pooled, targets)
    torch.testing.assert_close(added, matching_loss(both.matching(pooled), targets))


def test_a_backbone_without_a_matching_head_gets_the_same_new_one_every_time(network: Network) -> None:
    bare = Network(network.backbone, torch.nn.ModuleDict(), network.answers)
    one, two = (
        Objective(bare, RETRIEVAL, losses=(Loss.RANKING, Loss.MATCHING), false_texts=1).state_dict() for _ in range(2)
    )
    assert list(one) == ["matching.weight", "matching.bias"]
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_false_texts_are_the_first_ones_of_an_example(network: Network) -> None:
    batch = ShapesData(TaskName.RETRIEVAL).examples(Split.FITNESS, 6)
    inputs, full = read_batch(network.backbone, batch).all(), Architecture.full(TINY.sub_layers)
    student = Student(network, full, TaskName.RETRIEVAL, generator=torch.Generator().manual_seed(0))

    def seen(count: int) -> tuple[Inputs, torch.Tensor]:
        return Objective(network, RETRIEVAL, losses=(Loss.RANKING,), false_texts=count).seen(inputs, batch.targets)

    assert seen(7) == (inputs, batch.targets)  # as many as there are
    with torch.inference_mode():
        every = student(inputs)
        fewer, targets = seen(2)
        some = student(fewer)
    assert (fewer.passes, targets.tolist()) == (3, [0] * 6)
    for row, target in enumerate(batch.targets.tolist()):
        order = [target, *(place for place in range(8) if place != target)][:3]
        torch.testing.assert_close(some[row], every[row][order], rtol=1e-4, atol=1e-5)


def test_other_tasks_keep_their_passes(network: Network) -> None:
    batch = ShapesData(TaskName.NLVR2).examples(Split.FITNESS, 2)
    inputs = read_batch(network.backbone, batch).all()
    objective = Objective(network, TASKS[TaskName.NLVR2], losses=(Loss.CLASSES,), false_texts=0)
    assert objective.seen(inputs, batch.targets) == (inputs, batch.targets)
