"""Modules of one kind that belong to several members: their parameters stacked, all of them run at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from models.modules.base import Context, TrainableModule
from models.stacked import Stack
from models.stacked_ops import StackedOps

Tensors = Mapping[str, Tensor]
Ask = Callable[[Any, Tensors], Tensor | None]
"""What is asked of a module, with the tensors of its own member."""
THIN = 4  # rows or columns


class _Door(nn.Module):
    """Lets `functional_call` reach every method of a module, and the parts that it borrows."""

    def __init__(self, module: nn.Module, borrowed: Sequence[nn.Module]) -> None:
        super().__init__()
        self.module = module
        self.borrowed = nn.ModuleList(borrowed)

    def forward(self, ask: Ask, tensors: Tensors) -> Tensor | tuple[()]:
        found = ask(self.module, tensors)
        return () if found is None else found  # `vmap` knows no None


class Many:
    """The same module of several members."""

    def __init__(
        self, module: nn.Module, stacks: Mapping[str, Stack], members: Sequence[int], borrowed: Sequence[nn.Module] = ()
    ) -> None:
        """`module` is one member's; `stacks` are its parameters, by their names behind the door."""
        self.module = module
        self.members = tuple(members)
        self._door = _Door(module, borrowed)
        self._stacks = stacks

    def __call__(self, ask: Ask, tensors: Tensors) -> Tensor | None:
        """What all of them give, (members, ...); each gets its share of the rows of the tensors."""
        count = len(self.members)
        shares = {name: tensor.unflatten(0, (count, -1)) for name, tensor in tensors.items()}
        parameters = {name: stack.of(self.members) for name, stack in self._stacks.items()}
        if count == 1 and any(_thin(parameter) for parameter in parameters.values()):
            parameters, shares = _twice(parameters), _twice(shares)
        copies = max(len(parameter) for parameter in parameters.values())
        frozen = {name: buffer.expand(copies, *buffer.shape) for name, buffer in self._door.named_buffers()}
        call = self._stacked if getattr(self.module, "stacks", False) else vmap(self._asked, in_dims=(None, 0, 0))
        found = call(ask, parameters | frozen, shares)
        return found[:count] if isinstance(found, Tensor) else None

    def _asked(self, ask: Ask, parameters: Tensors, tensors: Tensors) -> Tensor | tuple[()]:
        found: Tensor | tuple[()] = functional_call(self._door, dict(parameters), (ask, tensors), tie_weights=False)
        return found

    def _stacked(self, ask: Ask, parameters: Tensors, tensors: Tensors) -> Tensor | tuple[()]:
        with StackedOps():
            return self._asked(ask, parameters, tensors)


def _thin(parameter: Tensor) -> bool:
    """Whether MKL multiplies one matrix of this shape in another order than it does several."""
    return parameter.ndim > 2 and min(parameter.shape[1:]) < THIN


def _twice(tensors: Tensors) -> dict[str, Tensor]:
    """The rows of one member as two, so that it is computed with as it is among others."""
    return {name: tensor.expand(2, *tensor.shape[1:]) for name, tensor in tensors.items()}


@dataclass(frozen=True, slots=True)
class Groups:
    """What stands at one place for many members: an `Addition` to rows of which each group has a block a member.

    Behind the groups come `rest` blocks without a module.
    """

    groups: Sequence[Many]
    rest: int = 0

    @property
    def reads_summaries(self) -> bool:
        """Whether one of the modules does."""
        return any(_kind(group).reads_summaries for group in self.groups)

    @property
    def within(self) -> bool:
        """Whether one of the modules changes what the frozen sub-layer gives."""
        return any(_kind(group).overrides(name) for group in self.groups for name in ("delta", "prompts"))

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        """What each group adds to the residual stream, zeros for the rest."""

        def ask(module: TrainableModule, own: Tensors) -> Tensor | None:
            return module.update(own["hidden"], own.get("output"), _within(context, own))

        return self._asked("update", ask, _tensors(context, hidden=hidden, output=output))

    def delta(self, linear: str, hidden: Tensor, context: Context) -> Tensor | None:
        """What each group adds to the result of a linear, zeros for the rest."""

        def ask(module: TrainableModule, own: Tensors) -> Tensor | None:
            return module.delta(linear, own["hidden"], _within(context, own))

        return self._asked("delta", ask, _tensors(context, hidden=hidden))

    def prompts(self) -> Tensor | None:
        """(G, P, D) of the one group there is where modules have prompts."""
        if not _kind(self.groups[0]).overrides("prompts"):
            return None
        return self.groups[0](lambda module, _: module.prompts(), {})

    def _asked(self, method: str, ask: Ask, tensors: Tensors) -> Tensor | None:
        blocks = [len(group.members) for group in self.groups]
        rows = len(tensors["hidden"]) // (sum(blocks) + self.rest)
        sizes = [rows * count for count in (*blocks, self.rest)]
        parts = {name: tensor.split(sizes) for name, tensor in tensors.items()}
        asked = [
            group(ask, {name: part[at] for name, part in parts.items()}) if _kind(group).overrides(method) else None
            for at, group in enumerate(self.groups)
        ]
        found = [None if each is None else each.flatten(0, 1) for each in asked]
        return _filled([*found, None], sizes)


def _filled(found: Sequence[Tensor | None], sizes: Sequence[int]) -> Tensor | None:
    """All rows, with zeros where nothing was found; None where there is nothing at all."""
    like = next((each for each in found if each is not None), None)
    if like is None:
        return None
    parts = [
        like.new_zeros(size, *like.shape[1:]) if each is None else each
        for each, size in zip(found, sizes, strict=True)
        if size
    ]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _kind(group: Many) -> type[TrainableModule]:
    kind = type(group.module)
    assert issubclass(kind, TrainableModule)  # noqa: S101 - for the type alone
    return kind


SURROUNDINGS = ("text", "image", "valid", "other_valid")


def _tensors(context: Context, **tensors: Tensor | None) -> Tensors:
    named = {**tensors, **{name: getattr(context, name) for name in SURROUNDINGS}}
    return {name: tensor for name, tensor in named.items() if tensor is not None}


def _within(context: Context, own: Tensors) -> Context:
    """A member's own surroundings."""
    return Context(context.stack, context.text_tokens, *(own.get(name) for name in SURROUNDINGS))
