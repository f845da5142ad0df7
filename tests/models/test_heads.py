"""What a fine-tune starts from: heads that came with the network, a rank head from matching, a third modality."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from models.checkpoints import load_network
from models.heads import TASKS
from models.network import Network
from models.student import Student
from models.workload import TaskName
from tests.networks import TINY, random_network

CKPT = Path(__file__).parent.parent / "fixtures" / "vilt" / "vqa.ckpt"


def test_a_rank_head_starts_as_the_matching_row() -> None:
    network = random_network()
    itm = network.heads["itm"]
    assert isinstance(itm, nn.Linear)
    without = Network(network.backbone, nn.ModuleDict({"itm": itm}), network.answers)
    pooled = torch.randn(5, 4, TINY.hidden_size, generator=torch.Generator().manual_seed(0))
    ranked = TASKS[TaskName.RETRIEVAL].logits(without.head(TaskName.RETRIEVAL), pooled)
    assert torch.allclose(ranked, itm(pooled)[..., 1], atol=1e-6)


def test_a_head_that_came_with_the_network_is_used_and_copied() -> None:
    network = random_network()
    assert network.head(TaskName.VQA) is network.heads["vqa"]
    from models.architecture import Architecture

    student = Student(
        network, Architecture.full(TINY.sub_layers), TaskName.VQA, generator=torch.Generator().manual_seed(0)
    )
    assert student.head is not network.heads["vqa"]
    assert all(
        torch.equal(ours, theirs)
        for ours, theirs in zip(student.head.parameters(), network.heads["vqa"].parameters(), strict=True)
    )


def test_the_second_image_starts_with_the_type_of_the_first() -> None:
    """An original checkpoint has two types; NLVR2 needs a third, a copy of the image's."""
    original = load_file(CKPT.with_suffix(".safetensors"))["token_type_embeddings.weight"]
    grown = load_network(CKPT).backbone.modalities.weight
    assert len(original) == 2
    assert torch.equal(grown[:2], original)
    assert torch.equal(grown[2], original[1])


def test_losses_and_scores_of_known_cases() -> None:
    vqa, nlvr2, retrieval = (TASKS[name] for name in (TaskName.VQA, TaskName.NLVR2, TaskName.RETRIEVAL))
    soft = torch.tensor([[0.0, 0.6, 0.3], [1.0, 0.0, 0.0]])
    assert vqa.scores(torch.tensor([[0.0, 5.0, 1.0], [0.0, 5.0, 1.0]]), soft).tolist() == pytest.approx([0.6, 0.0])
    # at logits of 0 every answer costs ln 2, times three answers
    assert vqa.loss(torch.zeros(2, 3), soft).item() == pytest.approx(3 * 0.693147, abs=1e-5)
    right = torch.tensor([1, 0])
    assert nlvr2.scores(torch.tensor([[0.0, 1.0], [0.0, 1.0]]), right).tolist() == [1.0, 0.0]
    assert nlvr2.loss(torch.zeros(2, 2), right).item() == pytest.approx(0.693147, abs=1e-5)
    assert retrieval.loss(torch.zeros(2, 8), right).item() == pytest.approx(2.079442, abs=1e-5)
    assert retrieval.scores(torch.eye(8)[[1, 3]], right).tolist() == [1.0, 0.0]
