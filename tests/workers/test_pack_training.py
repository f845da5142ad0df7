"""Training in a pack: each member as if alone, a divergence of one is nobody else's, and what was left goes on."""

import random
import weakref
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.architecture import Architecture, PatchKeep, bottleneck
from models.batch import Split
from models.inputs import NOTHING
from models.meter_config import MeterConfig
from models.network import Network
from models.recipe import RecipeName
from models.shapes.dataset import ShapesData
from models.student import Student
from models.vilt_config import ViltConfig
from models.workload import TaskName
from search.spec import FinalSpec, ProxySpec
from tests.models.pack_runs import random_architecture
from tests.networks import TINY, TINY_METER, random_network
from tests.workers.specs import CPU
from workers.examples import Examples
from workers.finetune import evaluate, finetune
from workers.objective import Objective
from workers.optimiser import DivergedError, Recipe, training
from workers.pack_training import PackTraining, State

ADAPTERS = (bottleneck(4), None)


def examples_of(network: Network, task: TaskName = TaskName.VQA) -> Examples:
    return Examples.of(network.backbone, ShapesData(task), Split.FITNESS, 48, longest=48, prefix=NOTHING, device=CPU)


def recipe_of(task: TaskName = TaskName.VQA, steps: int = 3) -> Recipe:
    return replace(training(ProxySpec(steps=steps, learning_rate=1e-3), task, 0), batch_size=16)


def students_of(network: Network, *, task: TaskName = TaskName.VQA, count: int = 3) -> list[Student]:
    rng = random.Random(0)
    return [
        Student(
            network,
            random_architecture(network.config, rng, beside=ADAPTERS, instead=ADAPTERS, patches=PatchKeep(0.5, 1)),
            task,
            generator=torch.Generator().manual_seed(0),
        )
        for _ in range(count)
    ]


def same(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def close(one: State, other: State) -> bool:
    """But for rounding, which some processors do in another order for small retrieval heads in larger packs."""
    alike = {name: torch.allclose(one[name], other[name], 1e-3, 1e-4) for name in one if one[name].numel() > 1}
    return one.keys() == other.keys() and all(alike.values())  # a rank head's bias: see `check_close`


def check_close(state: State, student: Student) -> None:
    for name, parameter in student.named_parameters():
        if parameter.numel() > 1:  # a rank head's bias moves all scores alike: its gradient is rounding alone
            torch.testing.assert_close(state[f"value.student.{name}"], parameter.detach(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("config", [TINY, TINY_METER], ids=["vilt", "meter"])
@pytest.mark.parametrize("task", TaskName)
def test_a_member_is_trained_as_if_alone(config: ViltConfig | MeterConfig, task: TaskName) -> None:
    """To the bit in a pack of its own, of retrieval but for rounding; `finetune` differs by rounding alone."""
    network = random_network(config)
    examples, recipe, students = examples_of(network, task), recipe_of(task), students_of(network, task=task)
    together = PackTraining(students, recipe)
    together.advance(examples, recipe.steps)
    measured = together.evaluate(examples)
    for student, state, found in zip(students, together.states(), measured, strict=True):
        alone = PackTraining([student], recipe)
        alone.advance(examples, recipe.steps)
        retrieves = task is TaskName.RETRIEVAL
        assert (close if retrieves else same)(alone.states()[0], state)
        assert alone.evaluate(examples)[0] == (pytest.approx(found, abs=0.05) if retrieves else found)
        finetune(student, examples, recipe)
        check_close(state, student)
        assert evaluate(student, examples) == pytest.approx(found, abs=0.05)


def test_groups_and_matching_heads_are_those_of_one() -> None:
    """METER's own recipe of retrieval: five rates, a matching head for each member."""
    network, task = random_network(TINY_METER), TaskName.RETRIEVAL
    recipe = training(FinalSpec(recipe=RecipeName.METER, steps=2), task, 0)
    recipe = replace(recipe, batch_size=16, learning_rate=1e-3, head_learning_rate=5e-3)
    examples, students = examples_of(network, task), students_of(network, task=task)
    together = PackTraining(students, recipe)
    together.advance(examples, 2)
    for student, state in zip(students, together.states(), strict=True):
        assert "value.objective.matching.weight" in state
        finetune(student, examples, recipe)
        check_close(state, student)


@pytest.mark.parametrize("config", [TINY, TINY_METER], ids=["vilt", "meter"])
def test_resumed_equals_from_scratch(config: ViltConfig | MeterConfig) -> None:
    network = random_network(config)
    examples, recipe, students = examples_of(network), recipe_of(steps=5), students_of(network)
    through = PackTraining(students, recipe)
    through.advance(examples, 5)
    first = PackTraining(students, recipe)
    first.advance(examples, 2)
    first.evaluate(examples)
    left = first.states()
    again = PackTraining(students[::-1][:2], recipe)
    again.load(left[::-1][:2])
    again.advance(examples, 5)
    first.advance(examples, 5)
    assert all(map(same, through.states(), first.states()))
    assert all(map(same, through.states()[::-1][:2], again.states()))


def spoiled(student: Student) -> Student:
    with torch.no_grad():
        next(student.head.parameters()).fill_(float("nan"))
    return student


def test_one_that_diverges_touches_no_other() -> None:
    network = random_network()
    examples, recipe = examples_of(network), recipe_of()
    alone = PackTraining(students_of(network), recipe)
    alone.advance(examples, recipe.steps)
    students = students_of(network)
    mixed = PackTraining([students[0], spoiled(students_of(network)[1]), *students[1:]], recipe)
    mixed.advance(examples, recipe.steps)
    found, states = mixed.evaluate(examples), mixed.states()
    assert isinstance(found[1], DivergedError)
    assert "the loss is nan at step 1 of 3" in str(found[1])
    assert states[1] == {}
    assert all(map(same, [states[0], *states[2:]], alone.states()))
    assert [found[0], *found[2:]] == alone.evaluate(examples)
    nobody = PackTraining([spoiled(students_of(network)[0])], recipe)
    nobody.advance(examples, recipe.steps)
    assert [type(each) for each in nobody.evaluate(examples)] == [DivergedError]


def test_what_diverged_leaves_no_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    network, graphs, of = random_network(), list[weakref.ref[Tensor]](), Objective.of

    def noted(objective: Objective, logits: Tensor, pooled: Tensor, targets: Tensor) -> Tensor:
        loss = of(objective, logits, pooled, targets)
        graphs.append(weakref.ref(loss))
        return loss

    monkeypatch.setattr(Objective, "of", noted)
    mixed = PackTraining([spoiled(students_of(network)[0]), *students_of(network)], recipe_of())
    mixed.advance(examples_of(network), 1)
    assert [graph() for graph in graphs] == [None] * 4


def test_states_of_others_are_refused() -> None:
    network = random_network()
    examples, recipe, students = examples_of(network), recipe_of(), students_of(network)
    training_of_all = PackTraining(students, recipe)
    fresh = training_of_all.states()
    training_of_all.advance(examples, 1)
    one: list[dict[str, Tensor]] = training_of_all.states()
    for states, message in (
        (one[:2], "3 members are running; there are states of 2"),
        ([one[1], one[0], one[2]], "the state of member 0 is another student's"),
        ([fresh[0], *one[1:]], r"these were left at \[0, 1\]"),
    ):
        with pytest.raises(ValueError, match=message):
            training_of_all.load(states)
    with pytest.raises(ValueError, match="the recipe has 3 steps"):
        training_of_all.advance(examples, 4)


def test_of_full_attention_each_state_is_plain_tensors() -> None:
    network = random_network()
    student = Student(
        network, Architecture.full(TINY.sub_layers), TaskName.VQA, generator=torch.Generator().manual_seed(0)
    )
    (state,) = PackTraining([student], recipe_of()).states()
    assert all(isinstance(tensor, Tensor) and tensor.is_contiguous() for tensor in state.values())
    assert int(state["steps"]) == 0
