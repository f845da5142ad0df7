"""SPT's sensitivity: how strongly the task's loss pulls at a sub-layer's frozen weights (He et al., ICCV 2023)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.architecture import Architecture
from models.heads import TASKS
from models.inputs import NOTHING
from models.scores.contract import ScoringInputs
from models.scores.examples import chunks, logits, read


def sensitivity(scoring: ScoringInputs) -> list[float]:
    """The sum of g² over the weights of a sub-layer's Linears, accumulated example by example.

    g is the gradient of the task's loss on one calibration example with the pre-trained head; to first order, a
    gradient step changes the loss by g² times its size (section 3.1). The paper takes the largest weights of the whole
    network; the sum over a sub-layer is our design. Biases and norms do not count.
    """
    backbone, sub_layers = scoring.network.backbone, scoring.network.config.sub_layers
    names = [_weight_names(backbone, backbone.sub_layer(place)) for place in range(len(sub_layers))]
    own = dict(backbone.named_parameters())
    weights = {name: own[name].detach().requires_grad_() for several in names for name in several}
    totals = torch.zeros(len(sub_layers), dtype=torch.float64)
    for batch in chunks(scoring.network, scoring.calibration, 1):
        rows = read(scoring.network, batch, NOTHING)
        output = logits(scoring, rows, Architecture.full(sub_layers), weights=weights)
        loss = TASKS[scoring.task].loss(output, batch.targets)
        squares = _squares(loss, weights)
        totals += torch.tensor([sum(squares[name] for name in several) for several in names], dtype=torch.float64)
    return [float(total) for total in totals]


def _weight_names(backbone: nn.Module, sub_layer: nn.Module) -> Sequence[str]:
    """The names that the weights of a sub-layer's Linears have in the backbone."""
    held = {id(part.weight) for part in sub_layer.modules() if isinstance(part, nn.Linear)}
    return [name for name, parameter in backbone.named_parameters() if id(parameter) in held]


def _squares(loss: Tensor, weights: dict[str, Tensor]) -> dict[str, float]:
    """The summed squares of the gradients of `loss`; 0 where it does not depend on a weight."""
    gradients = torch.autograd.grad(loss, list(weights.values()), allow_unused=True, materialize_grads=True)
    return {
        name: float(gradient.square().sum(dtype=torch.float64))
        for name, gradient in zip(weights, gradients, strict=True)
    }
