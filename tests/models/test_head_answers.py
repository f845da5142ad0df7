"""Which answers a VQA head has on a data set: its own where it knows the data's, else those of the data."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from models.data.vocabulary import VocabularyError
from models.head_answers import HeadAnswers, answers_on, data_answers
from models.new_head import drawn_head, with_head
from models.scores.examples import NoHeadError, trained_head
from models.workload import TaskName
from tests.models.data import raw_world
from tests.networks import TINY, random_network


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ((), HeadAnswers(("yes", "no"), own=False)),
        (("no", "yes", "red"), HeadAnswers(("no", "yes", "red"), own=True)),  # its own order, its own other answers
        (("no", "red"), HeadAnswers(("yes", "no"), own=False)),
        (("0", "1"), HeadAnswers(("yes", "no"), own=True)),  # a released head, trained in the published order
    ],
)
def test_answers(known: tuple[str, ...], expected: HeadAnswers) -> None:
    assert answers_on(known, ("yes", "no"), backbone="b") == expected


def test_labels_without_names_need_a_vocabulary_of_their_size() -> None:
    with pytest.raises(VocabularyError, match="backbone 'b' has 3 answers without names, the data has 2"):
        answers_on(("0", "1", "2"), ("yes", "no"), backbone="b")


def test_the_answers_of_a_folder_are_read_again_when_it_changes(tmp_path: Path) -> None:
    folder = raw_world.write_vqa(tmp_path / "vqa", raw_world.VQA_SIZES)
    found = data_answers(folder)
    assert set(found) <= {*raw_world.ANSWERS, "answer"}
    assert len(found) >= 3
    file = folder / "v2_mscoco_val2014_annotations.json"
    file.write_text(file.read_text().replace('"multiple_choice_answer": "yes"', '"multiple_choice_answer": "maybe"'))
    train = folder / "v2_mscoco_train2014_annotations.json"
    train.write_text(train.read_text().replace('"multiple_choice_answer": "yes"', '"multiple_choice_answer": "maybe"'))
    assert "maybe" in data_answers(folder)


@pytest.mark.parametrize("task", TaskName)
def test_a_head_drawn_at_random_is_known_to_be_one(task: TaskName) -> None:
    """No score asks it; one that came with the network, or is made of the matching head, is as it was."""
    network, generator = random_network(), torch.Generator().manual_seed(0)
    bare = replace(network, heads=nn.ModuleDict())
    given = with_head(bare, task, generator=generator)
    assert (given.fresh, bare.fresh) == (frozenset({str(task)}), frozenset())
    with pytest.raises(NoHeadError, match=f"the head for {task} is new"):
        trained_head(given, task)
    for kept in (str(task), "itm")[: 1 + (task is TaskName.RETRIEVAL)]:
        own = with_head(replace(network, heads=nn.ModuleDict({kept: network.heads[kept]})), task, generator=generator)
        assert own.fresh == frozenset()
        trained_head(own, task)


def test_a_head_for_other_answers_is_replaced_by_a_new_one() -> None:
    answers = HeadAnswers(("yes", "no", "red"), own=False)
    given = with_head(random_network(), TaskName.VQA, answers, generator=torch.Generator().manual_seed(0))
    assert given.fresh == {"vqa"}


def head(answers: tuple[str, ...], *, own: bool, seed: int = 0) -> nn.Module:
    network = random_network()
    given = with_head(network, TaskName.VQA, HeadAnswers(answers, own), generator=torch.Generator().manual_seed(seed))
    assert given.answers == answers
    assert given.backbone is network.backbone
    assert len(network.answers) != 3  # the network that was given is as it was
    return given.head(TaskName.VQA)


def test_a_new_head_follows_its_seed_and_nothing_else() -> None:
    state = torch.random.get_rng_state()
    first, again, other = (
        drawn_head(TINY, TaskName.VQA, 3, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(torch.random.get_rng_state(), state)
    weights = [list(each.state_dict().values()) for each in (first, again, other)]
    assert all(torch.equal(one, two) for one, two in zip(weights[0], weights[1], strict=True))
    assert not torch.equal(weights[0][0], weights[2][0])
    assert weights[0][-1].shape == (3,)
    assert not any(parameter.requires_grad for parameter in first.parameters())
    assert head(("a", "b", "c"), own=False).state_dict().keys() == first.state_dict().keys()


def test_an_own_head_is_kept_and_its_size_checked() -> None:
    network = random_network()
    kept = with_head(network, TaskName.VQA, HeadAnswers(network.answers, own=True), generator=torch.Generator())
    assert kept.head(TaskName.VQA) is network.heads["vqa"]
    with pytest.raises(ValueError, match=r"config\.json names 3 answers and the VQA head has 28"):
        head(("a", "b", "c"), own=True)


@pytest.mark.parametrize("task", TaskName)
def test_what_a_backbone_lacks_is_drawn(task: TaskName) -> None:
    network = random_network()
    del network.heads["itm"], network.heads[task]
    given = with_head(network, task, generator=torch.Generator().manual_seed(0))
    assert given.head(task) is given.head(task)  # one head for all, not a fresh one at each call
    expected = drawn_head(TINY, task, len(network.answers), generator=torch.Generator().manual_seed(0))
    for key, value in expected.state_dict().items():
        assert torch.equal(given.head(task).state_dict()[key], value)
