"""Parameters of several students, stacked where they mean the same: one tensor for what many train."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from models.architecture import Choice
from models.student import Student


@dataclass(frozen=True, slots=True)
class Stack:
    """The parameter that some members call `name`, (members, ...), in the order of `members`."""

    name: str
    members: tuple[int, ...]
    parameter: nn.Parameter
    _rows: dict[tuple[torch.device, tuple[int, ...]], Tensor] = field(default_factory=dict, repr=False, compare=False)

    def of(self, members: Sequence[int]) -> Tensor:
        """The rows of some of its members."""
        if tuple(members) == self.members:
            return self.parameter.view_as(self.parameter)  # gradients of one place are summed up before those of others
        return self.parameter.index_select(0, self._index(tuple(members)))

    def _index(self, members: tuple[int, ...]) -> Tensor:
        """Where they lie, copied to the device once."""
        device = self.parameter.device
        if (device, members) not in self._rows:
            with torch.inference_mode(mode=False):  # a training may be the next to use it
                rows = torch.tensor([self.members.index(member) for member in members], device=device)
            self._rows[device, members] = rows
        return self._rows[device, members]

    def at(self, member: int) -> Tensor:
        """A member's own, sharing memory with the stack."""
        return self.parameter.data[self.members.index(member)]


def stacked(students: Sequence[Student]) -> list[Stack]:
    """Every parameter of the students, copied. Those of two belong together by their name and the choice they serve."""
    groups: dict[tuple[str, Choice | None], dict[int, nn.Parameter]] = {}
    for member, student in enumerate(students):
        for name, parameter in student.named_parameters():
            groups.setdefault((name, _choice(student, name)), {})[member] = parameter
    return [
        Stack(name, tuple(held), nn.Parameter(torch.stack([each.detach() for each in held.values()])))
        for (name, _), held in groups.items()
    ]


def _choice(student: Student, name: str) -> Choice | None:
    """What a module's parameter was built for; names of shared parts say it themselves."""
    prefix, _, rest = name.partition("carried.by_place.")
    return student.architecture.choices[int(rest.partition(".")[0])] if not prefix and rest else None
