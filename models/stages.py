"""What the members of a pack do at each place, in as few calls of the frozen sub-layer as their choices allow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from models.architecture import Choice, ModuleSpec, SubLayerKind
from models.backbone import Machine
from models.many import Groups, Many
from models.stacked import Stack
from models.student import Student


@dataclass(frozen=True, slots=True)
class Stage:
    """One call at a place, for members that all keep its sub-layer, or all have a module in place of it.

    `carrying` are those with a module, group by group, `bare` those without. With `first` only the first token of what
    comes out is wanted, which a self-attention (`attends`) still makes of all that come in.
    """

    choice: Choice
    groups: Groups
    carrying: tuple[int, ...]
    bare: tuple[int, ...]
    scored: bool
    first: bool
    attends: bool

    @property
    def shares(self) -> bool:
        """Whether the frozen sub-layer gives the same to members whose rows have been the same so far."""
        return self.choice.keep and not self.groups.within


@dataclass(frozen=True, slots=True)
class Plan:
    """The stages of some students, whose parameters are in `stacks`."""

    students: Sequence[Student]
    stacks: Sequence[Stack]

    @property
    def machine(self) -> Machine[Any, Any]:
        """The frozen backbone."""
        return self.students[0].network.backbone

    def stages(self, *, narrow: bool) -> list[list[Stage]]:
        """By place; `narrow` leaves out tokens that the pooled features do not need."""
        lasts = [self._lasts(student) if narrow else frozenset[int]() for student in self.students]
        return [list(self._at(place, lasts)) for place in range(len(self.students[0].architecture.choices))]

    def _lasts(self, student: Student) -> frozenset[int]:
        modules = ((place, student.carried.at(place)) for place in range(len(student.architecture.choices)))
        tokenwise = [place for place, module in modules if module is None or module.tokenwise]
        return self.machine.lasts(student.architecture, tokenwise)

    def _at(self, place: int, lasts: Sequence[frozenset[int]]) -> Iterator[Stage]:
        """Those who keep the sub-layer run together, whatever stands beside it, but modules with prompts by kind."""
        calls: dict[tuple[bool, bool, bool, ModuleSpec | None], dict[Choice, list[int]]] = {}
        for member, student in enumerate(self.students):
            choice, module = student.architecture.choices[place], student.carried.at(place)
            if choice.keep or module is not None:
                apart = choice.module if module is not None and module.overrides("prompts") else None
                call = calls.setdefault((place in lasts[member], choice.keep, choice.bare, apart), {})
                call.setdefault(choice, []).append(member)
        for (first, *_), by_choice in calls.items():
            yield self._stage(place, by_choice, first=first)

    def _stage(self, place: int, by_choice: Mapping[Choice, list[int]], *, first: bool) -> Stage:
        members = [member for each in by_choice.values() for member in each]
        carrying = [each for each in by_choice.values() if self.students[each[0]].carried.at(place) is not None]
        holders = tuple(member for each in carrying for member in each)
        choice = next(iter(by_choice))
        kind = self.students[0].network.config.sub_layers[place].kind
        return Stage(
            choice,
            Groups([self._group(place, each) for each in carrying]),
            holders,
            tuple(member for member in members if member not in holders),
            scored=any(self.machine.scorer(self.students[member].architecture) == place for member in members),
            first=first,
            attends=choice.keep and kind is SubLayerKind.SELF_ATTENTION,
        )

    def _group(self, place: int, members: Sequence[int]) -> Many:
        carried = self.students[members[0]].carried
        module = carried.at(place)
        assert module is not None  # noqa: S101 - its caller looked
        shared = {part: f"carried.shared.{key}." for key, part in carried.shared.items()}
        names = {"module.": f"carried.by_place.{place}."}
        names |= {f"borrowed.{at}.": shared[part] for at, part in enumerate(module.borrowed())}
        return self.many(module, members, names, module.borrowed())

    def many(
        self, module: nn.Module, members: Sequence[int], names: Mapping[str, str], borrowed: Sequence[nn.Module] = ()
    ) -> Many:
        """A module of some members; `names` say what its parameters behind the door are called by the students."""
        stacks = {
            own + stack.name.removeprefix(named): stack
            for own, named in names.items()
            for stack in self.stacks
            if stack.name.startswith(named) and members[0] in stack.members
        }
        return Many(module, stacks, members, borrowed)
