"""A trainable module at its place: what the frozen sub-layer there asks of it."""

from dataclasses import dataclass

from torch import Tensor

from models.modules.base import Addition, Context


@dataclass(frozen=True, slots=True)
class Beside:
    """The trainable module at a sub-layer, with its surroundings."""

    module: Addition
    context: Context


def spread(prompts: Tensor, rows: int) -> Tensor:
    """What prompts became, (G, ...), for the rows that they belong to: (rows, ...), the same for each G-th of them."""
    return prompts.unsqueeze(1).expand(-1, rows // len(prompts), *prompts.shape[1:]).flatten(0, 1)


def shifted(linear: str, result: Tensor, hidden: Tensor, beside: Beside | None) -> Tensor:
    """What a frozen linear gives, plus what the module adds to it."""
    delta = None if beside is None else beside.module.delta(linear, hidden, beside.context)
    return result if delta is None else result + delta
