"""A trainable module at its place: what the frozen sub-layer there asks of it."""

from dataclasses import dataclass

from torch import Tensor

from models.modules.base import Context, TrainableModule


@dataclass(frozen=True, slots=True)
class Beside:
    """The trainable module at a sub-layer, with its surroundings."""

    module: TrainableModule
    context: Context


def shifted(linear: str, result: Tensor, hidden: Tensor, beside: Beside | None) -> Tensor:
    """What a frozen linear gives, plus what the module adds to it."""
    delta = None if beside is None else beside.module.delta(linear, hidden, beside.context)
    return result if delta is None else result + delta
