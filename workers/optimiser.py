"""How small trainable sets are optimised: AdamW, warm-up and linear decay, rates of their own for head and fusion."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.recipe import Loss
from models.shared_student import SharedStudent
from models.student import Student
from models.workload import TaskName
from search.spec import FinalSpec, ProxySpec
from workers.objective import Objective


class DivergedError(Exception):
    """The loss is no finite number any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How something is trained; `warm_up` is a share of the steps, after which the rates decay linearly to 0."""

    steps: int
    seed: int
    batch_size: int
    learning_rate: float
    head_learning_rate: float
    cross_multiplier: float
    warm_up: float
    betas: tuple[float, float]
    weight_decay: float
    losses: tuple[Loss, ...]
    false_texts: int


def training(spec: ProxySpec | FinalSpec, task: TaskName, seed: int) -> Recipe:
    """How a spec wants a fine-tune of `task` to be done.

    Raises:
        ValueError: the spec's recipe is not for this task.
    """
    return Recipe(steps=spec.steps, seed=seed, **spec.settings(task).model_dump())


class Optimiser:
    """Takes the steps of one training of a student and what its objective has to itself."""

    def __init__(self, student: Student | SharedStudent, objective: Objective, recipe: Recipe) -> None:
        self._total = recipe.steps
        groups = _groups(student, objective, recipe)
        self._optimiser = torch.optim.AdamW(groups, betas=recipe.betas, fused=True)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimiser, lambda step: _share(step, recipe))
        self._taken = 0

    def step(self, loss: Tensor) -> float:
        """Follow the gradient of `loss`; its value.

        Raises:
            DivergedError: it is NaN or infinite.
        """
        if not math.isfinite(value := loss.item()):
            raise DivergedError(f"the loss is {value} at step {self._taken + 1} of {self._total}")
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        self._schedule.step()
        self._taken += 1
        return value


def _groups(student: Student | SharedStudent, objective: Objective, recipe: Recipe) -> list[dict[str, object]]:
    """Weight decay for matrices alone; learning rates of their own for heads and for METER's fusion encoder.

    As in METER's code, but that there the rank head of retrieval has the base's rate.
    """
    heads = _identities([*student.head.parameters(), *objective.parameters()])
    fusion = _identities(student.fusion_parameters())
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in (*student.parameters(), *objective.parameters()):
        rate = recipe.head_learning_rate if id(parameter) in heads else recipe.learning_rate
        rate *= recipe.cross_multiplier if id(parameter) in fusion else 1.0
        groups.setdefault((rate, recipe.weight_decay if parameter.ndim > 1 else 0.0), []).append(parameter)
    return [{"params": group, "lr": rate, "weight_decay": decay} for (rate, decay), group in groups.items()]


def _identities(parameters: Iterable[nn.Parameter]) -> set[int]:
    return {id(parameter) for parameter in parameters}


def _share(step: int, recipe: Recipe) -> float:
    """Linear warm-up, then linear decay: the share of the learning rate at `step`."""
    steps, warm_up = recipe.steps, max(1, round(recipe.warm_up * recipe.steps))
    return (step + 1) / warm_up if step < warm_up else (steps - step) / max(1, steps - warm_up)


def shuffled(count: int, recipe: Recipe, *, device: torch.device) -> Iterator[Tensor]:
    """Endless batches of indexes below `count`, the same for the same seed on every device."""
    generator = torch.Generator().manual_seed(recipe.seed)
    while True:
        order = torch.randperm(count, generator=generator).to(device)
        yield from (index for index in order.split(recipe.batch_size) if len(index) == min(recipe.batch_size, count))
