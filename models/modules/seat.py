"""`Seat`: what a trainable module learns about its place when it is built."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from models.architecture import ModuleSpec, SubLayer
from models.modules.shared_parts import SharedParts


@dataclass(frozen=True, slots=True)
class Seat:
    """One place of a backbone: the sub-layer, whether it was kept, its width D and its frozen linears, if kept."""

    spec: ModuleSpec
    sub_layer: SubLayer
    keep: bool
    width: int
    linears: Mapping[str, tuple[Tensor, Tensor]]  # weight (out, in) and bias (out,) by name
    generator: torch.Generator
    shared: SharedParts
