"""MULTIFLOW as a score of sub-layers (Farina et al., CVPR 2024): the flow through their Linears, per modality."""

import statistics
from collections.abc import Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

import torch
from torch import nn

from models.architecture import Architecture, Stack, SubLayer, SubLayerKind
from models.backbone import Backbone
from models.inputs import NOTHING, Inputs
from models.scores.contract import ScoringInputs
from models.scores.examples import chunks, read
from models.scores.flow import MeanSquareInputs, mean_flow_score
from models.scores.validity import other_stream, valid_tokens


class Modality(StrEnum):
    """What MULTIFLOW compares only within itself, as the magnitudes of different encoders say nothing of each other."""

    VISION = "vision"
    TEXT = "text"
    FUSION = "fusion"


MODALITIES = {
    Stack.VISION: Modality.VISION,
    Stack.LANGUAGE: Modality.TEXT,
    Stack.JOINT: Modality.FUSION,
    Stack.TEXT: Modality.FUSION,
    Stack.IMAGE: Modality.FUSION,
}


@dataclass(frozen=True, slots=True)
class WatchedLinear:
    """A Linear of a sub-layer, the stack whose tokens it reads, and what entered it so far."""

    linear: nn.Linear
    reads: Stack
    inputs: MeanSquareInputs = field(default_factory=MeanSquareInputs)

    @contextmanager
    def watching(self, rows: Inputs) -> Iterator[None]:
        """Take down what enters the Linear while the block runs."""
        valid = valid_tokens(rows.texts, rows.images, self.reads)
        handle = self.linear.register_forward_pre_hook(lambda _, arguments: self.inputs.add(arguments[0], valid))
        try:
            yield
        finally:
            handle.remove()

    @property
    def score(self) -> float:
        """The mean score of its weights."""
        return mean_flow_score(self.linear.weight, self.inputs.value)


@torch.no_grad()
def multiflow(scoring: ScoringInputs) -> list[float]:
    """The mean flow score of a sub-layer's Linears, in standard deviations from the mean of its modality.

    A Linear's score is the mean over its weights; that mean, the mean over Linears (a fused one counts once) and the
    standardisation are our design, the scores of weights the paper's.
    """
    network, sub_layers = scoring.network, scoring.network.config.sub_layers
    architecture = Architecture.full(sub_layers)
    watched = [linears(network.backbone, place) for place in range(len(sub_layers))]
    for batch in chunks(network, scoring.calibration, scoring.chunk):
        rows = read(network, batch, NOTHING)
        with ExitStack() as stack:
            for each in (linear for several in watched for linear in several):
                stack.enter_context(each.watching(rows))
            network.backbone(rows.texts, rows.images, architecture)
    means = [statistics.fmean(linear.score for linear in several) for several in watched]
    return standardised(means, [MODALITIES[sub_layer.stack] for sub_layer in sub_layers])


def linears(backbone: Backbone, place: int) -> list[WatchedLinear]:
    """The Linears of the sub-layer at `place`, nothing seen yet."""
    sub_layer, named = backbone.config.sub_layers[place], backbone.sub_layer(place).named_modules()
    return [
        WatchedLinear(module, _reads(sub_layer, name.rpartition(".")[2]))
        for name, module in named
        if isinstance(module, nn.Linear)
    ]


def _reads(sub_layer: SubLayer, linear: str) -> Stack:
    if sub_layer.kind is SubLayerKind.CROSS_ATTENTION and linear in ("key", "value"):
        return other_stream(sub_layer.stack)
    return sub_layer.stack


def standardised(values: Sequence[float], groups: Sequence[Hashable]) -> list[float]:
    """Each value in standard deviations from the mean of its group; 0 where a group's values are all the same."""
    found = []
    for value, group in zip(values, groups, strict=True):
        members = [other for other, its in zip(values, groups, strict=True) if its == group]
        deviation = statistics.pstdev(members)
        found.append((value - statistics.fmean(members)) / deviation if deviation else 0.0)
    return found
