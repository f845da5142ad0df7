"""The fine-tune of one student: its modules, pooler and head; the same batches for every candidate."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from models.architecture import Architecture
from models.backbone import Images
from models.cost import looks_for_foreground
from models.heads import Task
from models.inputs import Inputs
from models.patch_filter import fallbacks
from models.student import Student
from workers.examples import Examples
from workers.objective import Objective
from workers.optimiser import Optimiser, Recipe, shuffled


def finetune(
    student: Student, examples: Examples, recipe: Recipe, *, progress: Callable[[int, float], None] | None = None
) -> None:
    """Train `student` in place; `progress` is called with the step and its loss.

    Raises:
        DivergedError: a loss is NaN or infinite.
    """
    objective = Objective(student.network, student.task, losses=recipe.losses, false_texts=recipe.false_texts)
    optimiser = Optimiser(student, objective, recipe)
    order = shuffled(len(examples), recipe, device=examples.device)
    for step, index in zip(range(1, recipe.steps + 1), order, strict=False):
        inputs, targets = objective.seen(*examples.rows(index))
        loss = optimiser.step(objective(student.head, student.pooled(inputs), targets))
        if progress is not None:
            progress(step, loss)


def evaluate(student: Student, examples: Examples, *, batch_size: int = 256) -> dict[str, float]:
    """`accuracy`, the mean score over all examples in eval mode.

    Where the student's patch filter asks for foreground, `foreground_fallbacks` is the share of images without a split
    into foreground and background, whose patches it keeps by score alone.
    """
    (found,) = evaluations(
        lambda inputs: student(inputs).unsqueeze(0), student.task, [student.architecture], examples, batch_size
    )
    return found


@torch.inference_mode()
def evaluations(
    logits: Callable[[Inputs], Tensor],
    task: Task,
    architectures: Sequence[Architecture],
    examples: Examples,
    batch_size: int,
) -> list[dict[str, float]]:
    """What `evaluate` gives of each architecture, with `logits` (K, B, classes) of B examples."""
    scored, fallen, images, seen = torch.zeros(len(architectures), dtype=torch.float64), 0.0, 0, 0
    for index in torch.arange(len(examples), device=examples.device).split(batch_size):
        inputs, targets = examples.rows(index)
        scored += torch.stack([task.scores(each, targets).sum() for each in logits(inputs)]).cpu()
        fallen += fallen_back(inputs.images)
        images += len(inputs.images.modality)
        seen += len(targets)
    share = {"foreground_fallbacks": fallen / images}
    return [
        {"accuracy": accuracy} | (share if looks_for_foreground(each) else {})
        for accuracy, each in zip((scored / seen).tolist(), architectures, strict=True)
    ]


def fallen_back(images: Images) -> float:
    """How many rows of images have no split into foreground and background; all where nobody looked."""
    if images.foreground is None:
        return len(images.modality)
    real = torch.ones_like(images.foreground, dtype=torch.bool) if images.valid is None else images.valid[:, 1:]
    return fallbacks(images.foreground, real).sum().item()
