"""How small trainable sets are optimised: AdamW, warm-up and linear decay, rates of their own for head and fusion."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from models.precision import in_float32
from models.recipe import Loss
from models.workload import TaskName
from search.spec import FinalSpec, ProxySpec


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


class Trainee(Protocol):
    """What is trained: one student, or several whose parameters are stacked."""

    @property
    def leading(self) -> int:
        """How many dimensions of each parameter count members."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """All of them."""

    def head_parameters(self) -> Iterator[nn.Parameter]:
        """Those of heads."""

    def fusion_parameters(self) -> Iterator[nn.Parameter]:
        """Those of METER's fusion encoder."""


class Optimiser:
    """Takes the steps of one training of a student, or a pack, and what its objective has to itself.

    AdamW works element by element, so members of a pack change as each would alone, to the bit: torch's fused kernel
    would round the last elements of a tensor in another way than those before them.
    """

    def __init__(self, trainee: Trainee, objective: nn.Module, recipe: Recipe) -> None:
        self._recipe = recipe
        self._optimiser = torch.optim.AdamW(_groups(trainee, objective, recipe), betas=recipe.betas, foreach=True)
        self._stand_at(0)

    def step(self, loss: Tensor) -> float:
        """Follow the gradient of `loss`; its value.

        Raises:
            DivergedError: it is NaN or infinite.
        """
        value = loss.item()
        self.check(value)
        self.follow(loss)
        return value

    def check(self, loss: float) -> None:
        """Pass the loss of the step to come.

        Raises:
            DivergedError: it is NaN or infinite.
        """
        if not math.isfinite(loss):
            raise DivergedError(f"the loss is {loss} at step {self.taken + 1} of {self._recipe.steps}")

    def follow(self, loss: Tensor) -> None:
        """One step down the gradient of `loss`."""
        self._optimiser.zero_grad(set_to_none=True)
        with in_float32(loss.device):  # products of the way back are of the precision of their way forth
            loss.backward()
        self._optimiser.step()
        self._stand_at(self.taken + 1)

    def moments(self, parameter: nn.Parameter) -> tuple[Tensor, Tensor]:
        """AdamW's running means of the gradient and of its square, in the parameter's shape; zeros before a step."""
        held = self._optimiser.state[parameter]
        if "exp_avg" not in held:
            held |= {name: torch.zeros_like(parameter) for name in ("exp_avg", "exp_avg_sq")}
            held["step"] = torch.tensor(float(self.taken))
        return held["exp_avg"], held["exp_avg_sq"]

    def resume(self, taken: int) -> None:
        """Go on as if `taken` steps had been taken; the moments are the caller's to fill."""
        self._stand_at(taken)
        for group in self._optimiser.param_groups:
            for parameter in group["params"]:
                self.moments(parameter)
                self._optimiser.state[parameter]["step"].fill_(taken)

    def _stand_at(self, taken: int) -> None:
        """In front of the step after `taken`."""
        self.taken = taken
        for group in self._optimiser.param_groups:
            group["lr"] = group["initial_lr"] * _share(taken, self._recipe)


def _groups(trainee: Trainee, objective: nn.Module, recipe: Recipe) -> list[dict[str, object]]:
    """Weight decay for matrices alone; learning rates of their own for heads and for METER's fusion encoder.

    As in METER's code, but that there the rank head of retrieval has the base's rate.
    """
    heads = _identities([*trainee.head_parameters(), *objective.parameters()])
    fusion = _identities(trainee.fusion_parameters())
    owned = [(parameter, parameter.ndim - trainee.leading) for parameter in trainee.parameters()]
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter, dimensions in (*owned, *((each, each.ndim) for each in objective.parameters())):
        rate = recipe.head_learning_rate if id(parameter) in heads else recipe.learning_rate
        rate *= recipe.cross_multiplier if id(parameter) in fusion else 1.0
        groups.setdefault((rate, recipe.weight_decay if dimensions > 1 else 0.0), []).append(parameter)
    return [
        {"params": group, "lr": rate, "initial_lr": rate, "weight_decay": decay}
        for (rate, decay), group in groups.items()
    ]


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
