"""The residual ratio: how much a sub-layer changes what passes through it (our design)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.architecture import Architecture, ModuleSpec
from models.inputs import NOTHING
from models.modules.base import Context, TrainableModule
from models.scores.contract import ScoringInputs
from models.scores.examples import chunks, read
from models.scores.validity import valid_tokens

PROBED = ModuleSpec("probe", 1)  # what an architecture says of a sub-layer with a probe beside it
SMALLEST_NORM = 1e-12  # a token of zeros has no ratio


class RatioProbe(TrainableModule):
    """Sums `‖f(x)‖ / ‖x‖` over the tokens that pass the sub-layer it stands beside; it adds nothing to them."""

    def __init__(self, valid: Tensor) -> None:
        super().__init__()
        self.tokens = int(valid.sum())
        self.total = 0.0
        self._valid = valid  # (B, S)

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> None:
        """Look at what enters, (B, S, D), and at what the frozen sub-layer gives for it."""
        del context
        assert output is not None  # noqa: S101 - a probe stands beside kept sub-layers only
        ratios = output.float().norm(dim=-1) / hidden.norm(dim=-1).clamp_min(SMALLEST_NORM)  # (B, S)
        self.total += float(ratios[self._valid].sum(dtype=torch.float64))


class Probes:
    """A probe beside every sub-layer, for one forward call."""

    classifier_token: Tensor | None = None

    def __init__(self, valid: Sequence[Tensor]) -> None:
        self.probes = [RatioProbe(mask) for mask in valid]

    def at(self, place: int) -> RatioProbe:
        """The probe of the sub-layer at `place`."""
        return self.probes[place]


@torch.no_grad()
def residual_ratio(scoring: ScoringInputs) -> list[float]:
    """`‖f(x)‖ / ‖x‖`, x what enters the sub-layer and f(x) what it adds: the mean over all tokens but padding.

    Near 0 the sub-layer hardly does anything; in a post-norm network the norm after the sum is no part of f.
    """
    network, sub_layers = scoring.network, scoring.network.config.sub_layers
    architecture = Architecture.full(sub_layers, module=PROBED)
    totals, tokens = [0.0] * len(sub_layers), [0] * len(sub_layers)
    for batch in chunks(network, scoring.calibration, scoring.chunk):
        rows = read(network, batch, NOTHING)
        probes = Probes([valid_tokens(rows.texts, rows.images, sub_layer.stack) for sub_layer in sub_layers])
        network.backbone(rows.texts, rows.images, architecture, probes)
        for place, probe in enumerate(probes.probes):
            totals[place] += probe.total
            tokens[place] += probe.tokens
    return [total / count for total, count in zip(totals, tokens, strict=True)]
