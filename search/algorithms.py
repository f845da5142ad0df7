"""`search_algorithm`: the algorithm of a spec, with what it looks at first and the rules that stop it."""

import random
from collections.abc import Sequence
from typing import TypedDict

from models.plugins.installed import resolved
from search.algorithm_spec import (
    DasSpec,
    GeneticSpec,
    GreedySpec,
    NoSkipSpec,
    Nsga2Spec,
    Nsga3Spec,
    RankedSpec,
    SteadySpec,
)
from search.ask_tell import AskTell
from search.constraints import Bounds
from search.contracts import Genome, RankedAlgorithm
from search.das import Das
from search.decided import Decided
from search.elimination import eliminated, least_dense_first, neighbourhood
from search.genetic import Genetic
from search.greedy import Greedy
from search.nsga2 import Nsga2
from search.nsga3 import Nsga3
from search.plugin import PluggedSpec, algorithm_plugins
from search.prepared import warmed
from search.probed import Scores, probed
from search.random_search import RandomSearch
from search.sieve import Sieve
from search.space import SearchSpace
from search.spec import Objective, SearchSpec, SpecError
from search.steady import Steady
from search.stopping import Stopping


def search_algorithm(spec: SearchSpec, space: SearchSpace, budget: int | None) -> Stopping:
    """A fresh algorithm under a budget in MACs per example; equal arguments give equal searches.

    Raises:
        ValueError: no chromosome is that cheap, or one of `spec.first` is no chromosome of the space.
    """
    space.check_budget(budget)
    made = _Made(spec, space, budget)
    algorithm = warmed(space, lambda: made.at(1)) if spec.fidelity.warm_steps else made.at(0)
    return Stopping(algorithm, spec.budget, objectives=spec.objectives, bounds=made.bounds)


def first_genomes(spec: SearchSpec, space: SearchSpace) -> list[Genome]:
    """The chromosomes of `spec.first`.

    Raises:
        SpecError: one of them is none of the space; it says which, and which gene.
    """
    for place, genome in enumerate(spec.first):
        try:
            space.check(genome)
        except ValueError as error:
            raise SpecError(f"first[{place}]: {error}") from None
    return list(spec.first)


def bounded(space: SearchSpace, budget: int | None) -> int:
    """The budget as a count: without one everything is within it."""
    return space.macs(space.full) if budget is None else budget


class _Made:
    """Makes the algorithm of a spec, whose asks count from a given index."""

    def __init__(self, spec: SearchSpec, space: SearchSpace, budget: int | None) -> None:
        self.bounds = Bounds.of(spec.budget, macs=budget)
        self._spec = spec
        self._space = space
        self._budget = budget
        self._first = first_genomes(spec, space)

    def at(self, index: int) -> RankedAlgorithm:
        """The algorithm, which counts its asks from `index`."""
        space = self._space
        match self._spec.algorithm:
            case DasSpec() as chosen:
                return _das(space, chosen, self._budget, index=index)
            case RankedSpec():
                return _ranked(space, bounded(space, self._budget), index=index)
            case GreedySpec():
                candidates = self._spec.budget.candidates
                return Greedy(space, budget=bounded(space, self._budget), candidates=candidates, first_index=index)
            case NoSkipSpec():
                return Decided([space.full])
            case GeneticSpec() | SteadySpec() as chosen if chosen.seeds is not None:
                return probed(space, lambda scores: self._sampling(index + 1, self._suggested(scores)), index=index)
            case _:
                return self._sampling(index)

    def _sampling(self, index: int, suggested: Sequence[Genome] = ()) -> RankedAlgorithm:
        """One that measures as many different feasible chromosomes as it may."""
        space, objectives, seeds = self._space, self._spec.objectives, [*self._first, *suggested]
        common = _Common(
            budget=self._budget,
            candidates=self._spec.budget.candidates,
            rng=random.Random(self._spec.seed),  # noqa: S311  # reproducible, and no secret
            bounds=self.bounds,
            first_index=index,
        )
        match self._spec.algorithm:
            case GeneticSpec() as chosen:
                return self._sieved(Genetic(space, chosen, seeds=seeds, **common))
            case SteadySpec() as chosen:
                return self._sieved(Steady(space, chosen, seeds=seeds, **common))
            case Nsga2Spec() as chosen:
                return self._sieved(Nsga2(space, chosen, objectives=objectives, seeds=seeds, **common))
            case Nsga3Spec() as chosen:
                return self._sieved(Nsga3(space, chosen, objectives=objectives, seeds=seeds, **common))
            case PluggedSpec() as chosen:
                return self._sieved(_plugged(space, chosen, objectives, common))
            case _:
                return self._sieved(RandomSearch(space, objectives=objectives, **common))

    def _suggested(self, scores: Scores | None) -> list[Genome]:
        return [] if scores is None else neighbourhood(self._space, scores, bounded(self._space, self._budget))

    def _sieved(self, algorithm: AskTell) -> AskTell:
        if not self._spec.fidelity.stages:
            return algorithm
        return algorithm.through(Sieve(self._spec.fidelity, self._spec.objectives, self.bounds))


class _Common(TypedDict):
    """What all that sample are given."""

    budget: int | None
    candidates: int
    rng: random.Random
    bounds: Bounds
    first_index: int


def _plugged(space: SearchSpace, spec: PluggedSpec, objectives: Sequence[Objective], common: _Common) -> AskTell:
    """An algorithm of another package.

    Raises:
        SpecError: it cannot be imported, or is none of ours to run.
    """
    named = algorithm_plugins().usable[spec.name].algorithm
    try:
        made = resolved(named)(space, spec, objectives=objectives, **common)
    except (ValueError, TypeError) as error:  # what is imported, or how it is called, is another package's
        raise SpecError(f"algorithm: '{spec.name}' cannot be made: {error}") from error
    if not isinstance(made, AskTell):
        raise SpecError(f"algorithm: {named} makes a {type(made).__name__}; expected an AskTell")
    return made


def _das(space: SearchSpace, spec: DasSpec, budget: int | None, *, index: int) -> RankedAlgorithm:
    das = Das(space, spec, budget)

    def decided(preferences: Scores | None) -> Decided:
        return Decided([] if preferences is None else [das.decide(preferences)])

    return probed(space, decided, index=index)


def _ranked(space: SearchSpace, budget: int, *, index: int) -> RankedAlgorithm:
    def without_search(scores: Scores | None) -> Decided:
        return Decided([] if scores is None else [eliminated(space, least_dense_first(space, scores), budget)])

    return probed(space, without_search, index=index)
