"""Every recipe trains a candidate on each task that it is for, and DAS's bandit; each of its settings has an effect."""

from pathlib import Path

import pytest
import torch

from models.architecture import Architecture, bottleneck
from models.batch import Split
from models.inputs import NOTHING
from models.network import Network
from models.recipe import RecipeName
from models.recipes import RECIPES
from models.registry import BackboneEntry
from models.shapes.dataset import ShapesData
from models.student import Student
from models.workload import TaskName
from search.build import build_space
from search.contracts import Candidate, Failure, Fidelity
from search.spec import FinalSpec, ProxySpec, parse_spec
from search.training_spec import RECIPE_TASKS
from tests.networks import TINY_METER, random_network
from tests.workers.specs import alone
from workers.examples import Examples
from workers.finetune import finetune
from workers.optimiser import training
from workers.scorer import Scorer, ScoringJob

CPU = torch.device("cpu")
BOTH = [(name, task) for name in RecipeName for task in TaskName if RECIPE_TASKS[task] in RECIPES[name]]


@pytest.fixture(scope="module")
def meter() -> Network:
    return random_network(TINY_METER)


def trained(network: Network, spec: ProxySpec | FinalSpec, task: TaskName) -> tuple[Student, list[float]]:
    """A student after a fine-tune, and the losses on the way."""
    architecture = Architecture.full(network.config.sub_layers, module=bottleneck(4))
    student = Student(network, architecture, task, generator=torch.Generator().manual_seed(0))
    data = ShapesData(task, sizes=dict.fromkeys(Split, 8))
    examples = Examples.of(network.backbone, data, Split.TRAIN, longest=48, prefix=NOTHING, device=CPU)
    losses: list[float] = []
    finetune(student, examples, training(spec, task, 0), progress=lambda _, loss: losses.append(loss))
    return student, losses


@pytest.mark.parametrize(("name", "task"), BOTH)
def test_every_recipe_lowers_its_loss(meter: Network, name: RecipeName, task: TaskName) -> None:
    """On one batch over and over, at the recipe's rates."""
    _, losses = trained(meter, FinalSpec(recipe=name, steps=6, batch_size=8), task)
    assert min(losses[1:]) < losses[0]


def test_what_a_recipe_says_changes_the_training(meter: Network) -> None:
    plain = FinalSpec(steps=3, batch_size=8)
    student, losses = trained(meter, plain, TaskName.RETRIEVAL)
    changes: list[dict[str, object]] = [
        {"learning_rate": 1e-2},
        {"head_learning_rate": 1e-2},
        {"cross_multiplier": 5.0},
        {"warm_up": 0.9},
        {"betas": (0.5, 0.9)},
        {"weight_decay": 0.9},
        {"losses": ("ranking", "matching")},
        {"false_texts": 3},
        {"batch_size": 4},
    ]
    for change in changes:
        changed = FinalSpec.model_validate(plain.model_dump() | change)
        assert trained(meter, changed, TaskName.RETRIEVAL)[1] != losses, change
    said = FinalSpec.model_validate(plain.settled(TaskName.RETRIEVAL).model_dump())
    again, same = trained(meter, said, TaskName.RETRIEVAL)
    assert losses == same
    for key, value in student.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])


def test_das_trains_by_the_proxys_recipe(tiny_meter: BackboneEntry, artifacts: Path) -> None:
    def preferences(**proxy: object) -> dict[str, float]:
        spec = parse_spec(
            {
                "task": "retrieval",
                "data": "shapes-small",
                "space": {"dropped": "bottleneck:4", "modules": ["bottleneck:4"], "granularity": "layer"},
                "algorithm": {"name": "das", "steps": 4, "warm_steps": 2, "update_every": 2},
                "proxy": {"batch_size": 4, "fitness_examples": 16} | proxy,
            }
        )
        full = build_space(spec, tiny_meter).full
        scorer = Scorer(ScoringJob(spec, tiny_meter, artifacts), device=CPU)
        outcome = alone(scorer, Candidate(0, full, Fidelity.PROBE))
        assert not isinstance(outcome, Failure)
        return {key: value for key, value in outcome.items() if key != "seconds"}

    ours, das = preferences(), preferences(recipe="das-meter")
    assert ours != das
    assert preferences(recipe="das-meter") == das
