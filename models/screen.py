"""Many architectures of one set of shared weights, scored without running twice what they have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from models.architecture import Architecture, Choice, PatchKeep, SubLayerKind
from models.backbone import Machine, Step
from models.inputs import Inputs
from models.shared_student import SharedStudent


def screened(shared: SharedStudent, architectures: Sequence[Architecture], inputs: Inputs) -> list[Tensor]:
    """The pooled features (B, passes, P) of each architecture, as `shared.pooled` gives them but for rounding.

    The architectures form a trie over the places in the order in which they run; each of its nodes runs once for all
    below it, depth first, so that no more than one path is held at a time (our design). Those of different patches
    share nothing. As in a pack, tokens that the pooled features do not need are left out.

    Raises:
        ValueError: an architecture does not fit the backbone, or what has already run.
    """
    tries: dict[tuple[PatchKeep | None, bool], list[int]] = {}
    for index, each in enumerate(architectures):
        tries.setdefault((each.patches, each.classifier_token), []).append(index)
    members = [_Member.of(shared, index, each) for index, each in enumerate(architectures)]
    found = {
        member.index: pooled
        for indexes in tries.values()
        for member, pooled in _Trie(shared, inputs).pooled([members[index] for index in indexes])
    }
    return [found[index] for index in range(len(architectures))]


@dataclass(frozen=True, slots=True)
class _Member:
    """An architecture: where it scores patches, and the places of which it needs the first tokens alone."""

    index: int
    architecture: Architecture
    scorer: int | None
    lasts: frozenset[int]

    @classmethod
    def of(cls, shared: SharedStudent, index: int, architecture: Architecture) -> "_Member":
        machine, modules = shared.network.backbone, map(shared.at, *zip(*enumerate(architecture.choices), strict=True))
        tokenwise = [place for place, module in enumerate(modules) if module is None or module.tokenwise]
        return cls(index, architecture, machine.scorer(architecture), machine.lasts(architecture, tokenwise))


@dataclass(frozen=True, slots=True)
class _Trie:
    """Members that meet the same patch filter, if any, and have a classifier token or none."""

    shared: SharedStudent
    inputs: Inputs

    @property
    def machine(self) -> Machine[Any, Any]:
        return self.shared.network.backbone

    def pooled(self, members: Sequence[_Member]) -> Iterator[tuple[_Member, Tensor]]:
        """The pooled features of each member."""
        texts, images = self.inputs.texts, self.inputs.images
        state = self.machine.begin(texts, images, *(member.architecture for member in members))
        return self._below(state, self.machine.places(texts, images), members)

    def _below(self, state: Any, places: Sequence[int], members: Sequence[_Member]) -> Iterator[tuple[_Member, Tensor]]:  # noqa: ANN401 - each backbone has a state of its own
        """What the members make of a state that they share, with these places still to come."""
        if not places:
            pooled = self.machine.pooled(self.machine.first(state), self.shared.pooler)
            yield from ((member, pooled.unflatten(0, (-1, self.inputs.passes))) for member in members)
            return
        place, *rest = places
        state = self.machine.enter(state, place)
        token = self.shared.library.classifier_token
        if token is not None and members[0].architecture.classifier_token:
            state = self.machine.mark(state, place, token)
        nodes: dict[Choice, list[_Member]] = {}
        for member in members:
            nodes.setdefault(member.architecture.choices[place], []).append(member)
        for choice, alike in nodes.items():
            yield from self._below(self._advanced(state, place, choice, alike), rest, alike)

    def _advanced(self, state: Any, place: int, choice: Choice, members: Sequence[_Member]) -> Any:  # noqa: ANN401
        """The state behind a node.

        Scores that only some members ask for do no harm: the others' come later. Tokens are left out where no member
        needs them.
        """
        kind = self.shared.network.config.sub_layers[place].kind
        attends = choice.keep and kind is SubLayerKind.SELF_ATTENTION
        first = all(place in member.lasts for member in members)
        scored = any(member.scorer == place for member in members)
        sight = self.machine.sight(state, place, choice)
        step = Step(choice, self.shared.at(place, choice), scored, first=first and attends)
        behind = self.machine.advance(sight.first if first and not attends else sight, place, step)
        return self.machine.put(state, place, behind)
