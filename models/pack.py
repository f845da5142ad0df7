"""Several candidates in one pass: each frozen sub-layer runs once for all that keep it, modules alike run together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from torch import Tensor, nn

from models.backbone import Machine, Output, Step
from models.heads import exact_logits
from models.inputs import Inputs
from models.rows import joined, split
from models.stacked import stacked
from models.stages import Plan, Stage
from models.student import Student

ENOUGH = 16  # rows of one token, of which a product's blocks do not depend on each other


class Pack(nn.Module):
    """K students of one backbone, task and patch filter as one network (our design).

    Its rows are K blocks, one for each member, that begin where members first differ: what is equal before runs once.
    Its parameters are stacks of copies of theirs, which the students themselves do not follow.

    Each member's numbers are those it has in a pack of its own, within rounding: blocks of rows of a product of
    matrices do not depend on each other, but MKL may sum up in an order that depends on how many there are. With the
    default modules and batches of 16 rows or more that is the same to the bit on the processors we tried. With thin
    matrices, such as those of Context-PEFT of a rank below 4, VL-PET's scalar gate or a single prompt, it is not; with
    those of LoRA, GenFT and small retrieval heads it depends on the processor.

    Tokens that the pooled features do not need are left out: behind the last sub-layer that mixes tokens, and as
    queries in it. That is the same but for rounding, too; smaller batches keep them.
    """

    leading: ClassVar[int] = 1  # dimension of each parameter that counts members

    def __init__(self, students: Sequence[Student]) -> None:
        """Members keep the order of `students`.

        Raises:
            ValueError: there are none, or two differ in backbone, task, patches or classifier token.
        """
        super().__init__()
        _check(students)
        self.students = tuple(students)
        self.task = students[0].task
        self.stacks = stacked(students)
        self.held = nn.ParameterList(stack.parameter for stack in self.stacks)
        plan, everyone = Plan(self.students, self.stacks), range(len(students))
        self._pooler = plan.many(students[0].pooler, everyone, {"module.": "pooler."})
        self._head = plan.many(students[0].head, everyone, {"module.": "head."})
        self._stages = {narrow: plan.stages(narrow=narrow) for narrow in (False, True)}

    @property
    def machine(self) -> Machine[Any, Any]:
        """The frozen backbone."""
        return self.students[0].network.backbone

    def __len__(self) -> int:
        return len(self.students)

    def pooled(self, inputs: Inputs) -> Tensor:
        """Pooled features (K, B, passes, P) of B examples."""
        machine, (texts, images) = self.machine, (inputs.texts, inputs.images)
        states = [machine.begin(texts, images, *(each.architecture for each in self.students))] * len(self)
        stages = self._stages[len(texts.tokens) >= ENOUGH]
        for place in machine.places(texts, images):
            states = self._entered(place, states)
            for stage in stages[place]:
                states = self._advanced(place, stage, states)
        last = joined([machine.first(state) for state in states])
        pooled: Tensor = machine.pooled(last, self._pool).unflatten(0, (len(self), -1, inputs.passes))
        return pooled

    def logits(self, pooled: Tensor) -> Tensor:
        """Logits (K, B, classes) of pooled features (K, B, passes, P)."""
        found = self._head(
            lambda head, own: exact_logits(self.task, head, own["pooled"]), {"pooled": pooled.flatten(0, 1)}
        )
        assert found is not None  # noqa: S101 - a head gives logits
        return found

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (K, B, classes) of B examples."""
        return self.logits(self.pooled(inputs))

    def member(self, member: int) -> dict[str, Tensor]:
        """A member's parameters by the names its student has for them, sharing memory with the stacks."""
        return {stack.name: stack.at(member) for stack in self.stacks if member in stack.members}

    def head_parameters(self) -> Iterator[nn.Parameter]:
        """Those of the heads."""
        return self._those_of(lambda student: student.head_parameters())

    def fusion_parameters(self) -> Iterator[nn.Parameter]:
        """Those with METER's rate for its fusion encoder."""
        return self._those_of(lambda student: student.fusion_parameters())

    def _those_of(self, some: Callable[[Student], Iterator[nn.Parameter]]) -> Iterator[nn.Parameter]:
        """The stacks of what are `some` parameters of their members' students; all members of a stack agree."""
        wanted = [{id(parameter) for parameter in some(student)} for student in self.students]
        owned = [dict(student.named_parameters()) for student in self.students]
        for stack in self.stacks:
            first = stack.members[0]
            if id(owned[first][stack.name]) in wanted[first]:
                yield stack.parameter

    def _pool(self, *tensors: Tensor) -> Tensor:
        found = self._pooler(
            lambda pooler, own: pooler(*own.values()), {str(i): each for i, each in enumerate(tensors)}
        )
        assert found is not None  # noqa: S101 - a pooler gives features
        return found.flatten(0, 1)

    def _entered(self, place: int, states: list[Any]) -> list[Any]:
        """The states in front of `place`; members with one state keep one, until a classifier token parts them."""
        distinct = {id(state): state for state in states}
        entered = {key: self.machine.enter(state, place) for key, state in distinct.items()}
        found = [entered[id(state)] for state in states]
        tokens = next((stack for stack in self.stacks if stack.name == "carried.classifier_token"), None)
        if tokens is None:
            return found
        return [
            self.machine.mark(*pair) for pair in ((s, place, t) for s, t in zip(found, tokens.parameter, strict=True))
        ]

    def _advanced(self, place: int, stage: Stage, states: list[Any]) -> list[Any]:
        """The states behind a stage of `place`."""
        alike: dict[int, list[int]] = {}
        for member in stage.bare:
            alike.setdefault(id(states[member]), []).append(member)
        owners = [[member] for member in stage.carrying] + list(alike.values())
        before = [states[members[0]] for members in owners]
        groups = replace(stage.groups, rest=len(alike)) if stage.carrying else None
        output = self._output(place, stage, before)
        step = Step(stage.choice, groups, stage.scored, output, first=stage.first and stage.attends)
        sights = self.machine.advance(self._sights(place, stage, before), place, step)
        behind = list(states)
        for members, state, sight in zip(owners, before, split(sights, len(owners)), strict=True):
            after = self.machine.put(state, place, sight)
            for member in members:
                behind[member] = after
        return behind

    def _sights(self, place: int, stage: Stage, states: Iterable[Any]) -> Any:  # noqa: ANN401 - each backbone has its own
        """What is seen of these states, one below the other; where that is enough, of their first tokens."""
        sights = [self.machine.sight(state, place, stage.choice) for state in states]
        return joined([each.first for each in sights] if stage.first and not stage.attends else sights)

    def _output(self, place: int, stage: Stage, states: Sequence[Any]) -> Output | None:
        """What the frozen sub-layer gives, once for those whose rows are the same; None where all rows differ."""
        distinct = {id(state): state for state in states}
        if not stage.shares or len(distinct) == len(states):
            return None
        sights = self._sights(place, stage, distinct.values())
        first = stage.first and stage.attends
        found = split(self.machine.output(sights, place, scored=stage.scored, first=first), len(distinct))
        by_state = dict(zip(distinct, found, strict=True))
        return joined([by_state[id(state)] for state in states])


def _check(students: Sequence[Student]) -> None:
    if not students:
        raise ValueError("a pack has one member or more")
    for what in ("network", "task"):
        if any(getattr(each, what) is not getattr(students[0], what) for each in students):
            raise ValueError(f"members of a pack have one {what}")
    for what in ("patches", "classifier_token"):
        found = list(dict.fromkeys(getattr(each.architecture, what) for each in students))
        if len(found) > 1:
            raise ValueError(f"members of a pack have the same {what}; these have {', '.join(map(str, found))}")
