"""States of a network as rows: several joined into one, one split into blocks of equally many rows."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

State = TypeVar("State")


def joined(states: Sequence[State]) -> State:
    """The rows of all states, one below the other; what is no tensor is the same in all of them.

    Its gradient comes back in one piece whether the states are one or many: sums are then in the same order.
    """
    names = [field.name for field in fields(states[0])]  # type: ignore[arg-type]  # states are dataclasses
    values = {name: _joined([getattr(state, name) for state in states]) for name in names}
    return replace(states[0], **values)  # type: ignore[type-var]  # as above


def split(state: State, blocks: int) -> list[State]:
    """The rows of a state in `blocks` parts of the same size."""
    if blocks == 1:
        return [state]
    names = [field.name for field in fields(state)]  # type: ignore[arg-type]  # states are dataclasses
    parts = {name: _split(getattr(state, name), blocks) for name in names}
    return [replace(state, **{name: parts[name][block] for name in names}) for block in range(blocks)]  # type: ignore[type-var]  # as above


def _joined(values: list[Any]) -> Any:  # noqa: ANN401 - whatever a state holds
    if isinstance(values[0], Tensor):
        return values[0].view_as(values[0]) if len(values) == 1 else torch.cat(values)
    return joined(values) if is_dataclass(values[0]) else values[0]


def _split(value: Any, blocks: int) -> list[Any]:  # noqa: ANN401 - as above
    if isinstance(value, Tensor):
        return list(value.split(len(value) // blocks))
    return split(value, blocks) if is_dataclass(value) else [value] * blocks
