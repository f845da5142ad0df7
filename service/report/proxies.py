"""`Proxies`: what the search itself measured, candidate by candidate and generation by generation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Self, TypeVar

from search.contracts import Candidate, Fidelity, Genome, Measurement
from search.generations import Generations
from search.ledger import Measured
from search.ranking import pareto_front
from search.spec import Objective
from service.domain.records import StoredCandidate
from service.report.source import Source, measured

PARTS = 10  # that a search without generations is looked at in
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """One proxy candidate that was told."""

    index: int
    group: int  # its generation, from 1
    told_order: int
    genome: Genome
    measurement: Measurement | None  # None: it failed
    feasible: bool  # measured, and within the bounds

    @property
    def accuracy(self) -> float:
        """The score of one that was measured."""
        return 0.0 if self.measurement is None else self.measurement[Objective.ACCURACY]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One generation, or one of equal parts of a search without generations; means are over feasible candidates."""

    number: int  # from 1
    candidates: int
    failed: int
    best: float | None
    mean: float | None
    mean_macs: float | None
    kept: tuple[float, ...]  # by layer gene: the share of all its chromosomes that keep the layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """Proxy scores compare with each other and with nothing else.

    `front` holds the indices of those that no other beats in all of `axes`, most accurate first. Where accuracy was the
    only objective the axes are accuracy and MACs, as a front has at least two.
    """

    generations: bool  # whether `groups` are generations
    points: tuple[Proxy, ...]  # in the order of the asks
    groups: tuple[Group, ...]
    axes: tuple[str, ...]
    front: tuple[int, ...]

    @classmethod
    def of(cls, source: Source) -> Self:
        """What a search measured so far."""
        spec, asked = source.search.spec, source.at(Fidelity.PROXY)
        generations = Generations.of(spec["algorithm"])
        group = _parts(len(asked)) if generations is None else generations.number
        points = [_proxy(source, each, group(place)) for place, each in enumerate(asked)]
        told = tuple(each for each in points if each is not None)
        names = [Objective(name) for name in spec["objectives"]]
        axes = names if len(names) > 1 else [Objective.ACCURACY, Objective.MACS]
        return cls(
            generations=generations is not None,
            points=told,
            groups=tuple(_groups(told, layers=len(source.layers))),
            axes=tuple(map(str, axes)),
            front=tuple(each.index for each in front_of(told, axes)),
        )

    @property
    def feasible(self) -> Sequence[Proxy]:
        """Those that were measured and are within the bounds."""
        return [each for each in self.points if each.feasible]

    @property
    def members(self) -> Sequence[Proxy]:
        """The front, most accurate first."""
        known = {each.index: each for each in self.points}
        return [known[index] for index in self.front]


def front_of(points: Sequence[Proxy], axes: Sequence[Objective]) -> Sequence[Proxy]:
    """The feasible ones that no other beats in all of `axes`, most accurate first."""
    found = {each.index: each for each in points if each.feasible}
    costed = [
        Measured(Candidate(each.index, each.genome), each.measurement)
        for each in found.values()
        if each.measurement is not None and all(name in each.measurement for name in axes)
    ]
    return [found[each.index] for each in pareto_front(costed, axes)]


def evenly(items: Sequence[Item], most: int) -> Sequence[Item]:
    """At most `most` of `items` at even distances, both ends included."""
    count = min(most, len(items))
    step = (len(items) - 1) / max(count - 1, 1)
    return [items[round(place * step)] for place in range(count)]


def _parts(count: int) -> Callable[[int], int]:
    return lambda place: 1 + place * min(PARTS, count) // count


def _proxy(source: Source, stored: StoredCandidate, group: int) -> Proxy | None:
    if stored.told_order is None:
        return None
    outcome = measured(stored)
    return Proxy(
        index=stored.candidate.index,
        group=group,
        told_order=stored.told_order,
        genome=stored.candidate.genome,
        measurement=outcome,
        feasible=outcome is not None and Objective.ACCURACY in outcome and source.affordable(outcome),
    )


def _groups(points: Sequence[Proxy], *, layers: int) -> list[Group]:
    ordered = sorted(points, key=lambda each: each.group)
    return [_group(number, list(members), layers) for number, members in groupby(ordered, key=lambda each: each.group)]


def _group(number: int, members: Sequence[Proxy], layers: int) -> Group:
    feasible = [each for each in members if each.feasible]
    scores = [each.accuracy for each in feasible]
    costs = [each.measurement or {} for each in feasible]
    columns = zip(*(each.genome[:layers] for each in members), strict=True)
    return Group(
        number=number,
        candidates=len(members),
        failed=sum(each.measurement is None for each in members),
        best=max(scores, default=None),
        mean=_mean(scores),
        mean_macs=_mean([each[Objective.MACS] for each in costs if Objective.MACS in each]),
        kept=tuple(sum(column) / len(members) for column in columns),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
