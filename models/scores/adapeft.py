"""AdaPEFT's gain: how far training the module at a sub-layer alone could lower the loss (arXiv 2505.12579)."""

from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from models.architecture import Architecture, ModuleSpec
from models.backbone_config import BackboneConfig
from models.heads import TASKS
from models.inputs import NOTHING
from models.modules.build import Modules, build_modules
from models.scores.contract import ScoringInputs
from models.scores.examples import chunks, logits, read

DAS_SHARE = 8  # DAS's bottleneck is 96 in a network 768 wide
FLATTEST = 1e-12  # a curvature of a unit step below it is taken for it, so that no gain is infinite

Groups = Sequence[Sequence[Tensor]]  # some tensors for each group


def adapeft_gain(scoring: ScoringInputs) -> list[float]:
    """½ (gᵀg)² / |gᵀHg| of the parameters of the module beside each sub-layer, at the start of its training.

    If the loss were quadratic, it would fall so far at the best step along the gradient of this group alone. The
    formula, and the choice of groups within a parameter budget by a knapsack (`models.scores.knapsack`, which
    `twinsieve rank --parameters` asks), are the paper's. Our design: a group
    is the module that would stand at the sub-layer, and a negative curvature, where no step is best, counts by its
    magnitude. g and H are those of the mean loss of the calibration examples, Hg by double backward. The gain is 0
    where the module has nothing to train.
    """
    modules = _modules(scoring)
    by_place = [_parameters(modules, place) for place in range(len(scoring.network.config.sub_layers))]
    groups = [group for group in by_place if group]
    gradients = _gradients(scoring, modules, groups)
    curvatures = _curvatures(scoring, modules, groups, gradients)
    slopes = [float(_dot(gradient, gradient)) for gradient in gradients]
    gains = map(_gain, slopes, curvatures)
    return [next(gains) if group else 0.0 for group in by_place]


def default_module(config: BackboneConfig) -> ModuleSpec:
    """The module that is judged where none is named."""
    return ModuleSpec("bottleneck", max(1, config.hidden_size // DAS_SHARE))


def _architecture(scoring: ScoringInputs) -> Architecture:
    config = scoring.network.config
    return Architecture.full(config.sub_layers, module=scoring.module or default_module(config))


def _modules(scoring: ScoringInputs) -> Modules:
    generator = torch.Generator().manual_seed(scoring.seed)
    modules = build_modules(scoring.network.backbone, _architecture(scoring), generator=generator)
    return modules.to(next(scoring.network.backbone.parameters()))  # its device and precision


def _parameters(modules: Modules, place: int) -> list[Tensor]:
    module = modules.at(place)
    return [] if module is None else list(module.parameters())


def _gradients(scoring: ScoringInputs, modules: Modules, groups: Groups) -> Groups:
    """The gradient of the mean loss by each group."""
    total = [[torch.zeros_like(parameter) for parameter in group] for group in groups]
    for loss in _parts_of_the_loss(scoring, modules):
        found = _derivatives(loss, groups)
        total = [list(map(torch.add, *pair)) for pair in zip(total, found, strict=True)]
    return total


def _curvatures(scoring: ScoringInputs, modules: Modules, groups: Groups, gradients: Groups) -> list[float]:
    """gᵀHg of each group, with its own block of the Hessian."""
    total = [0.0] * len(groups)
    with sdpa_kernel(SDPBackend.MATH):  # the fused attention kernels have no second derivative
        for loss in _parts_of_the_loss(scoring, modules):
            slopes = map(_dot, _derivatives(loss, groups, create_graph=True), gradients)
            for at, (slope, group) in enumerate(zip(slopes, groups, strict=True)):
                [product] = _derivatives(slope, [group], retain_graph=True)
                total[at] += float(_dot(product, gradients[at]))
    return total


def _parts_of_the_loss(scoring: ScoringInputs, modules: Modules) -> Iterator[Tensor]:
    """What each chunk adds to the mean loss of the calibration examples."""
    architecture = _architecture(scoring)
    for batch in chunks(scoring.network, scoring.calibration, scoring.chunk):
        output = logits(scoring, read(scoring.network, batch, NOTHING), architecture, modules=modules)
        yield TASKS[scoring.task].loss(output, batch.targets) * (len(batch) / len(scoring.calibration))


def _derivatives(value: Tensor, groups: Groups, *, create_graph: bool = False, retain_graph: bool = False) -> Groups:
    """The derivatives of `value` by each group; 0 where it does not depend on a parameter."""
    found = torch.autograd.grad(
        value,
        [parameter for group in groups for parameter in group],
        create_graph=create_graph,
        retain_graph=create_graph or retain_graph,
        allow_unused=True,
        materialize_grads=True,
    )
    each = iter(found)
    return [list(islice(each, len(group))) for group in groups]


def _dot(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    """The inner product of two lists of tensors, float64."""
    products = [(a * b).sum(dtype=torch.float64) for a, b in zip(left, right, strict=True)]
    return torch.stack(products).sum()


def _gain(slope: float, curvature: float) -> float:
    """½ slope² / |curvature|."""
    return 0.5 * slope / max(abs(curvature) / slope, FLATTEST) if slope else 0.0
