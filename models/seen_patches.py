"""`seen_patches`: what the patch filter of an architecture goes by, just before it drops any patch."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from models.architecture import Architecture, PatchKeep
from models.backbone import Machine, ModuleSet, Narrowing, Step
from models.inputs import Inputs
from models.layers.meter_streams import FIRST_PATCH
from models.meter import Meter
from models.patch_filter import similarity_scores
from models.vilt import Vilt


class Filtering(Protocol):
    """A state that knows whether a patch filter is still ahead."""

    @property
    def patches(self) -> PatchKeep | None:
        """The filter; None once it has run, or where there is none."""


State = TypeVar("State", bound=Filtering)
Sight = TypeVar("Sight", bound=Narrowing)


@dataclass(frozen=True, slots=True)
class SeenPatches:
    """Of R rows: `scores` (R, N), `real` (R, N) bool, False at padding, `foreground` (R, N), None where nobody looked.

    They are the arguments of `models.patch_filter.choose_patches`.
    """

    scores: Tensor
    real: Tensor
    foreground: Tensor | None


@torch.inference_mode()
def seen_patches(
    backbone: Vilt | Meter, inputs: Inputs, architecture: Architecture, modules: ModuleSet | None = None
) -> SeenPatches:
    """Run the network up to the filter of `architecture`, which has one, with its modules.

    Raises:
        ValueError: the architecture does not fit the backbone, or what has already run.
    """
    if isinstance(backbone, Vilt):
        stream = _in_front(backbone, inputs, architecture, modules)
        return _seen(stream.tokens, stream.valid, stream.first_patch, stream.scores, stream.foreground)
    pair = _in_front(backbone, inputs, architecture, modules)
    keep, tokens = architecture.patches, pair.image.tokens
    if keep is not None and keep.after_block == backbone.config.vision_blocks:  # behind the encoder and its norm
        tokens = backbone.vision_norm(tokens)
    return _seen(tokens, pair.image.valid, FIRST_PATCH, pair.scores, pair.foreground)


def _in_front(
    machine: Machine[State, Sight], inputs: Inputs, architecture: Architecture, modules: ModuleSet | None
) -> State:
    """The state in front of the filter: as `models.walk.walk`, which goes on behind it."""
    texts, images = inputs.texts, inputs.images
    state, scorer = machine.begin(texts, images, architecture), machine.scorer(architecture)
    for place in machine.places(texts, images):
        entered = machine.enter(state, place)
        if entered.patches is None:
            break
        choice = architecture.choices[place]
        module = None if modules is None or choice.module is None else modules.at(place)
        step = Step(choice, module, place == scorer)
        state = machine.put(entered, place, machine.advance(machine.sight(entered, place, choice), place, step))
    return state


def _seen(
    tokens: Tensor, valid: Tensor | None, first_patch: int, scores: Tensor | None, foreground: Tensor | None
) -> SeenPatches:
    """Images (R, S, D) whose patches begin at `first_patch`; similarity where no self-attention gave a score."""
    alike = similarity_scores(tokens, first_patch)  # (R, N)
    scores = alike if scores is None else torch.where(scores.isnan(), alike, scores)
    real = torch.ones_like(scores, dtype=torch.bool) if valid is None else valid[:, first_patch:]
    return SeenPatches(scores, real, foreground)
