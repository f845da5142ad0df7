"""Which parameter is trained at which rate, and how the rates go up and down."""

from typing import Any

import pytest
import torch
from torch import nn

from models.architecture import Architecture, Choice, ModuleSpec, Stack, bottleneck
from models.network import Network
from models.recipe import RecipeName
from models.shared_student import SharedStudent
from models.student import Student
from models.vilt_config import ViltConfig
from models.workload import TaskName
from search.spec import FinalSpec, ProxySpec
from tests.networks import TINY, TINY_METER, random_network
from workers.objective import Objective
from workers.optimiser import Optimiser, Recipe, training

DAS = training(FinalSpec(recipe=RecipeName.DAS_METER, steps=20), TaskName.RETRIEVAL, 3)


@pytest.fixture(scope="module")
def meter() -> Network:
    return random_network(TINY_METER)


def some_dropped(network: Network, module: ModuleSpec | None = None) -> Architecture:
    """Modules beside everything that is kept, and in place of every third sub-layer."""
    count = len(network.config.sub_layers)
    return Architecture(tuple(Choice(place % 3 > 0, module or bottleneck(4)) for place in range(count)))


def student_of(network: Network, task: TaskName, module: ModuleSpec | None = None) -> Student:
    architecture = some_dropped(network, module)
    return Student(network, architecture, task, generator=torch.Generator().manual_seed(0))


def objective_of(student: Student | SharedStudent, recipe: Recipe) -> Objective:
    return Objective(student.network, student.task, losses=recipe.losses, false_texts=recipe.false_texts)


def groups(student: Student | SharedStudent, recipe: Recipe) -> dict[int, dict[str, Any]]:
    """The optimiser's group of each parameter, by identity."""
    objective = objective_of(student, recipe)
    found = Optimiser(student, objective, recipe)._optimiser.param_groups
    by_parameter = {id(parameter): group for group in found for parameter in group["params"]}
    assert len(by_parameter) == len([*student.parameters(), *objective.parameters()])
    return by_parameter


def rates(part: nn.Module, by_parameter: dict[int, dict[str, Any]]) -> set[float]:
    return {by_parameter[id(parameter)]["initial_lr"] for parameter in part.parameters()}


def test_a_recipe_is_the_specs_settings_steps_and_seed() -> None:
    assert training(ProxySpec(steps=4), TaskName.VQA, 7) == Recipe(
        steps=4,
        seed=7,
        batch_size=32,
        learning_rate=3e-3,
        head_learning_rate=1e-3,
        cross_multiplier=1.0,
        warm_up=0.1,
        betas=(0.9, 0.98),
        weight_decay=0.01,
        losses=("soft-scores",),  # type: ignore[arg-type]  # a member equals its text
        false_texts=0,
    )
    with pytest.raises(ValueError, match="recipe 'routing' has no task 'nlvr2'"):
        training(ProxySpec(recipe=RecipeName.ROUTING), TaskName.NLVR2, 0)


@pytest.mark.parametrize("config", [TINY, TINY_METER], ids=["vilt", "meter"])
def test_ours_has_two_rates_and_no_decay_of_vectors(config: ViltConfig) -> None:
    student = student_of(random_network(config), TaskName.VQA)
    found = groups(student, training(ProxySpec(), TaskName.VQA, 0))
    assert rates(student.head, found) == {1e-3}
    assert rates(student.carried, found) == rates(student.pooler, found) == {3e-3}
    for parameter in student.parameters():
        assert found[id(parameter)]["weight_decay"] == (0.01 if parameter.ndim > 1 else 0.0)
        assert found[id(parameter)]["betas"] == (0.9, 0.98)


def test_das_trains_meters_fusion_five_times_as_fast(meter: Network) -> None:
    """What stands beside a fusion sub-layer and the pooler; not what stands in place of one, nor in an encoder."""
    student = student_of(meter, TaskName.RETRIEVAL)
    found = groups(student, DAS)
    for place, (sub_layer, choice) in enumerate(
        zip(meter.config.sub_layers, student.architecture.choices, strict=True)
    ):
        module = student.carried.at(place)
        assert module is not None
        fused = choice.keep and sub_layer.stack in (Stack.TEXT, Stack.IMAGE)
        assert rates(module, found) == {5e-5 * (5 if fused else 1)}, str(sub_layer)
    assert rates(student.pooler, found) == {5 * 5e-5}
    assert rates(student.head, found) == {5e-5}


def test_shared_weights_have_the_same_rates(meter: Network) -> None:
    kept, gone = Choice(module=bottleneck(4)), Choice(keep=False, module=bottleneck(6))
    shared = SharedStudent(
        meter,
        TaskName.RETRIEVAL,
        choices=[[kept, gone]] * len(meter.config.sub_layers),
        classifier_token=False,
        generator=torch.Generator().manual_seed(0),
    )
    found = groups(shared, DAS)
    assert rates(shared.pooler, found) == {5 * 5e-5}
    for place, each in enumerate(meter.config.sub_layers):
        fused = each.stack in (Stack.TEXT, Stack.IMAGE)
        for choice, rate in ((kept, 5 * 5e-5 if fused else 5e-5), (gone, 5e-5)):
            module = shared.at(place, choice)
            assert module is not None
            assert rates(module, found) == {rate}


def test_the_matching_head_has_the_heads_rate(meter: Network) -> None:
    student, recipe = (
        student_of(meter, TaskName.RETRIEVAL),
        training(FinalSpec(recipe=RecipeName.METER), TaskName.RETRIEVAL, 0),
    )
    objective = objective_of(student, recipe)
    found = Optimiser(student, objective, recipe)._optimiser.param_groups
    (head_rate,) = {g["initial_lr"] for g in found if any(p is student.head.weight for p in g["params"])}
    assert objective.matching is not None
    assert head_rate == pytest.approx(5 * 5e-6)
    assert any(p is objective.matching.weight for g in found if g["initial_lr"] == head_rate for p in g["params"])


@pytest.mark.parametrize(("warm_up", "peak"), [(0.1, 2), (0.5, 10), (0.0, 1)])
def test_rates_rise_and_fall_in_straight_lines(meter: Network, warm_up: float, peak: int) -> None:
    student = student_of(meter, TaskName.VQA)
    recipe = training(ProxySpec(steps=20, warm_up=warm_up, learning_rate=1.0), TaskName.VQA, 0)
    optimiser = Optimiser(student, objective_of(student, recipe), recipe)
    (group,) = (
        each for each in optimiser._optimiser.param_groups if each["initial_lr"] == 1.0 and each["weight_decay"]
    )
    shares = []
    for _ in range(20):
        shares.append(group["lr"])
        optimiser.step(sum((parameter.sum() for parameter in student.parameters()), torch.zeros(())))
    rising = [(step + 1) / peak for step in range(peak)]
    falling = [(20 - step) / (20 - peak) for step in range(peak, 20)]
    assert shares == pytest.approx(rising + falling)
