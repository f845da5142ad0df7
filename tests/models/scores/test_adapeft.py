"""AdaPEFT's gain against the loss itself, walked along the gradient in float64."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.architecture import Architecture, ModuleSpec
from models.heads import TASKS
from models.inputs import read_batch
from models.modules.build import build_modules
from models.scores.adapeft import adapeft_gain
from models.scores.contract import ScoringInputs

MODULE = ModuleSpec("bottleneck", 3)
STEP = 1e-4


@pytest.mark.parametrize("place", [0, 3, 5])
def test_slope_and_curvature_along_the_gradient(scoring: ScoringInputs, place: int) -> None:
    scoring = in_float64(replace(scoring, module=MODULE, seed=7))
    network, task = scoring.network, TASKS[scoring.task]
    architecture = Architecture.full(network.config.sub_layers, module=MODULE)
    modules = build_modules(network.backbone, architecture, generator=torch.Generator().manual_seed(7)).double()
    module = modules.at(place)
    assert module is not None
    start, parameters = [each.detach().clone() for each in module.parameters()], list(module.parameters())
    rows = read_batch(network.backbone, scoring.calibration).all()

    def loss() -> Tensor:
        pooled = network.backbone(rows.texts, rows.images, architecture, modules).pooled.unsqueeze(1)
        return task.loss(task.logits(network.head(scoring.task), pooled), scoring.calibration.targets)

    gradient = torch.autograd.grad(loss(), parameters)
    length = float(sum((part**2).sum() for part in gradient)) ** 0.5

    @torch.no_grad()
    def after(distance: float) -> float:
        for parameter, origin, part in zip(parameters, start, gradient, strict=True):
            parameter.copy_(origin + distance / length * part)
        return float(loss())

    slope = (after(STEP) - after(-STEP)) / (2 * STEP)  # the gradient's norm
    curvature = (after(STEP) - 2 * after(0.0) + after(-STEP)) / STEP**2  # of a unit step
    assert slope == pytest.approx(length, rel=1e-3)
    assert adapeft_gain(scoring)[place] == pytest.approx(0.5 * slope**2 / abs(curvature), rel=0.01)


def in_float64(scoring: ScoringInputs) -> ScoringInputs:
    scoring.network.backbone.double()
    scoring.network.heads.double()
    batch = scoring.calibration
    return replace(
        scoring, calibration=replace(batch, pixel_values=batch.pixel_values.double(), targets=batch.targets.double())
    )
