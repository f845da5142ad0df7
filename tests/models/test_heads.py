"""What a fine-tune starts from: heads that came with the network, a rank head from matching, a third modality."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from models.architecture import Architecture, Choice, bottleneck
from models.checkpoints import load_network
from models.heads import TASKS
from models.network import Network
from models.shared_student import SharedStudent
from models.student import Student
from models.workload import TaskName
from tests.networks import TINY, TINY_METER, random_network

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
    student = Student(
        network, Architecture.full(TINY.sub_layers), TaskName.VQA, generator=torch.Generator().manual_seed(0)
    )
    assert student.head is not network.heads["vqa"]
    assert all(
        torch.equal(ours, theirs)
        for ours, theirs in zip(student.head.parameters(), network.heads["vqa"].parameters(), strict=True)
    )


@pytest.mark.parametrize("task", TaskName)
def test_a_new_head_comes_from_the_callers_generator_alone(task: TaskName) -> None:
    """All candidates of a search start from one head, whatever they keep; nothing global is drawn from."""
    network = random_network()
    bare = Network(network.backbone, nn.ModuleDict(), network.answers)
    before = torch.get_rng_state()

    def head(architecture: Architecture, seed: int) -> list[Tensor]:
        generator = torch.Generator().manual_seed(seed)
        return list(Student(bare, architecture, task, generator=generator).head.parameters())

    full = Architecture.full(TINY.sub_layers, module=bottleneck(4))
    nothing = Architecture(tuple(Choice(keep=False) for _ in TINY.sub_layers))
    one, other, another_seed = head(full, 0), head(nothing, 0), head(full, 1)
    assert all(torch.equal(*pair) for pair in zip(one, other, strict=True))
    assert not torch.equal(one[0], another_seed[0])
    assert one[0].std().item() == pytest.approx(0.02, rel=0.5)  # as in ViLT and METER
    assert all(
        torch.equal(*pair) for pair in zip(bare.head(task).parameters(), bare.head(task).parameters(), strict=True)
    )
    assert torch.equal(torch.get_rng_state(), before)


def test_the_classifier_token_starts_as_robertas_embedding_of_id_0() -> None:
    """Of the text that is this word alone, normalised (DAS's code); zeros where the widths differ."""
    alike = replace(TINY_METER, pad_id=1, max_positions=16)
    wide = replace(alike, language_width=24, language_heads=3)
    for config in (alike, wide):
        network, generator = random_network(config), torch.Generator().manual_seed(0)
        full = replace(Architecture.full(config.sub_layers), classifier_token=True)
        embeddings = dict(network.backbone.get_submodule("text").named_parameters())
        rows = {"words": 0, "positions": 2, "types": 0}  # positions 0 and 1 are padding's
        summed = sum((embeddings[f"{name}.weight"][row] for name, row in rows.items()), torch.zeros(()))
        expected = nn.functional.layer_norm(
            summed, summed.shape, embeddings["norm.weight"], embeddings["norm.bias"], config.language_norm_eps
        )
        if config is wide:
            expected = torch.zeros(config.hidden_size)
        students = (
            Student(network, full, TaskName.VQA, generator=generator).carried,
            SharedStudent(
                network,
                TaskName.VQA,
                choices=[[choice] for choice in full.choices],
                classifier_token=True,
                generator=generator,
            ).library,
        )
        for carried in students:
            assert carried.classifier_token is not None
            assert carried.classifier_token.requires_grad
            torch.testing.assert_close(carried.classifier_token.detach(), expected)


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
