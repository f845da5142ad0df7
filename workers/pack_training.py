"""The fine-tune of several students in one pass, as if each were trained alone."""

from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor, nn

from models.pack import Pack
from models.student import Student
from workers.examples import Examples
from workers.finetune import evaluations
from workers.objective import Objective
from workers.optimiser import DivergedError, Optimiser, Recipe, shuffled

State = dict[str, Tensor]
STEPS = "steps"
SCORED = 64  # examples in one pass of an evaluation, the same in every pack


class PackTraining:
    """Members with the same batches and rates; one that diverges drops out, and the others never notice.

    A state is one member's: parameters and AdamW's moments by the names of its student, and the steps taken.
    """

    def __init__(self, students: Sequence[Student], recipe: Recipe) -> None:
        """The students are where the members start; they are not changed.

        Raises:
            ValueError: they cannot be in one pack.
        """
        self._students = tuple(students)
        self._recipe = recipe
        self._diverged: dict[int, DivergedError] = {}
        self._build(range(len(students)))

    def _build(self, running: Sequence[int]) -> None:
        """A pack of the members that are still running, where they start."""
        students = [self._students[member] for member in running]
        first, recipe = students[0], self._recipe
        self._running = list(running)
        self._pack = Pack(students)
        self._objectives = nn.ModuleList(
            Objective(first.network, first.task, losses=recipe.losses, false_texts=recipe.false_texts) for _ in students
        )
        self._optimiser = Optimiser(self._pack, self._objectives, recipe)

    @property
    def steps(self) -> int:
        """How many have been taken."""
        return self._optimiser.taken

    def advance(self, examples: Examples, until: int) -> None:
        """Train to step `until` of the recipe's; nothing where that has been reached.

        Raises:
            ValueError: the recipe has fewer steps.
        """
        if until > self._recipe.steps:
            raise ValueError(f"the recipe has {self._recipe.steps} steps; training cannot go on to step {until}")
        order = shuffled(len(examples), self._recipe, device=examples.device)
        for index in islice(order, self.steps, until):
            if self._running:
                self._step(examples, index)

    def _step(self, examples: Examples, index: Tensor) -> None:
        inputs, targets = self._objective(0).seen(*examples.rows(index))
        pooled = self._pack.pooled(inputs)
        logits = self._pack.logits(pooled)
        losses = [self._objective(at).of(logits[at], pooled[at], targets) for at in range(len(self._running))]
        values = torch.stack([loss.detach() for loss in losses]).tolist()
        finite = [at for at, value in enumerate(values) if self._finite(at, value)]
        if finite:
            self._optimiser.follow(torch.stack([losses[at] for at in finite]).sum())
        if len(finite) < len(losses):
            self._go_on_with(finite)

    def _objective(self, at: int) -> Objective:
        objective = self._objectives[at]
        assert isinstance(objective, Objective)  # noqa: S101 - for the type alone
        return objective

    def _finite(self, at: int, loss: float) -> bool:
        try:
            self._optimiser.check(loss)
        except DivergedError as error:
            self._diverged[self._running[at]] = error.with_traceback(None)  # its frames hold the whole graph
            return False
        return True

    def _go_on_with(self, kept: Sequence[int]) -> None:
        """Only with some of those that are running."""
        states = [self._state(at) for at in kept]
        running = [self._running[at] for at in kept]
        if not running:
            self._running = []
            return
        self._build(running)
        self._load(states)

    def evaluate(self, examples: Examples) -> list[dict[str, float] | DivergedError]:
        """Of each member what `finetune.evaluate` gives, or how it diverged."""
        found: dict[int, dict[str, float] | DivergedError] = dict(self._diverged)
        if self._running:
            architectures = [student.architecture for student in self._pack.students]
            measured = evaluations(self._pack, self._pack.task, architectures, examples, SCORED)
            found |= dict(zip(self._running, measured, strict=True))
        return [found[member] for member in range(len(self._students))]

    def states(self) -> list[State]:
        """Of each member what `load` reads; nothing of one that has diverged."""
        found = {member: self._state(at) for at, member in enumerate(self._running)}
        return [found.get(member, {}) for member in range(len(self._students))]

    def load(self, states: Sequence[State]) -> None:
        """Go on from where these have been left, each in the order of the students.

        Raises:
            ValueError: they are of other students, of another number of them, or not all of the same step.
        """
        if len(states) != len(self._running):
            raise ValueError(f"{len(self._running)} members are running; there are states of {len(states)}")
        for at, state in enumerate(states):
            expected = {STEPS, *(name for name, _ in self._owned(at))}
            if odd := sorted(expected ^ state.keys()):
                raise ValueError(f"the state of member {self._running[at]} is another student's: see {odd[0]}")
        if len(steps := {int(state[STEPS]) for state in states}) > 1:
            raise ValueError(f"members of a pack go on from one step; these were left at {sorted(steps)}")
        self._load(states)

    def _state(self, at: int) -> State:
        own = {name: tensor.detach().clone() for name, tensor in self._owned(at)}
        return own | {STEPS: torch.tensor(self.steps)}

    def _load(self, states: Sequence[State]) -> None:
        self._optimiser.resume(int(states[0][STEPS]))
        with torch.no_grad():
            for at, state in enumerate(states):
                for name, tensor in self._owned(at):
                    tensor.copy_(state[name])

    def _owned(self, at: int) -> Iterator[tuple[str, Tensor]]:
        """Everything that training changes of the member at `at`, each tensor where it lies."""
        for stack in self._pack.stacks:
            if at in stack.members:
                row = stack.members.index(at)
                yield from self._with_moments(f"student.{stack.name}", stack.parameter, row)
        for name, parameter in self._objectives[at].named_parameters():
            yield from self._with_moments(f"objective.{name}", parameter)

    def _with_moments(self, name: str, parameter: nn.Parameter, row: int | None = None) -> Iterator[tuple[str, Tensor]]:
        mean, square = self._optimiser.moments(parameter)
        for kind, tensor in (("value", parameter.data), ("mean", mean), ("square", square)):
            yield f"{kind}.{name}", tensor if row is None else tensor[row]
