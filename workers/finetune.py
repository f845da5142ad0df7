"""The fine-tune of one student: its adapters, pooler and head; the same batches for every candidate."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.student import Student
from workers.examples import Examples

WARMUP = 0.1  # share of the steps; then linear decay to 0 (ViLT, METER, DAS)
BETAS = (0.9, 0.98)
WEIGHT_DECAY = 0.01


class DivergedError(Exception):
    """The loss is no finite number any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a student is trained."""

    steps: int
    batch_size: int
    learning_rate: float
    head_learning_rate: float
    seed: int


def finetune(
    student: Student, examples: Examples, recipe: Recipe, *, progress: Callable[[int, float], None] | None = None
) -> None:
    """Train `student` in place; `progress` is called with the step and its loss.

    Raises:
        DivergedError: a loss is NaN or infinite.
    """
    optimiser = torch.optim.AdamW(_groups(student, recipe), betas=BETAS, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share(step, recipe.steps))
    order = _batches(len(examples), recipe, device=examples.device)
    for step, index in zip(range(recipe.steps), order, strict=False):
        embedded, targets = examples.rows(index)
        loss = student.task.loss(student(embedded, examples.passes), targets)
        if not math.isfinite(value := loss.item()):
            raise DivergedError(f"the loss is {value} at step {step + 1} of {recipe.steps}")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        if progress is not None:
            progress(step + 1, value)


@torch.inference_mode()
def accuracy(student: Student, examples: Examples, *, batch_size: int = 256) -> float:
    """Mean score over all examples, in eval mode."""
    total = 0.0
    for index in torch.arange(len(examples), device=examples.device).split(batch_size):
        embedded, targets = examples.rows(index)
        total += student.task.scores(student(embedded, examples.passes), targets).sum().item()
    return total / len(examples)


def _groups(student: Student, recipe: Recipe) -> list[dict[str, object]]:
    """Weight decay for matrices alone; a learning rate of its own for the head."""
    head = {id(parameter) for parameter in student.head.parameters()}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in student.parameters():
        rate = recipe.head_learning_rate if id(parameter) in head else recipe.learning_rate
        groups.setdefault((rate, WEIGHT_DECAY if parameter.ndim > 1 else 0.0), []).append(parameter)
    return [{"params": group, "lr": rate, "weight_decay": decay} for (rate, decay), group in groups.items()]


def _share(step: int, steps: int) -> float:
    """Linear warm-up, then linear decay: the share of the learning rate at `step`."""
    warmup = max(1, round(WARMUP * steps))
    return (step + 1) / warmup if step < warmup else (steps - step) / max(1, steps - warmup)


def _batches(count: int, recipe: Recipe, *, device: torch.device) -> Iterator[Tensor]:
    """Endless shuffled batches, the same for the same seed on every device."""
    generator = torch.Generator().manual_seed(recipe.seed)
    while True:
        order = torch.randperm(count, generator=generator).to(device)
        yield from (index for index in order.split(recipe.batch_size) if len(index) == min(recipe.batch_size, count))
