"""`search_algorithm`: the algorithm of a spec, without its finals."""

import random
from typing import assert_never

from search.algorithm_spec import DasSpec, GeneticSpec, GreedySpec, NoSkipSpec, Nsga2Spec, RandomSpec, RankedSpec
from search.contracts import RankedAlgorithm
from search.das import Das
from search.decided import Decided
from search.elimination import eliminated, least_dense_first, neighbourhood
from search.genetic import Genetic
from search.greedy import Greedy
from search.nsga2 import Nsga2
from search.probed import FIRST_INDEX, Probed, Scores
from search.random_search import RandomSearch
from search.space import SearchSpace
from search.spec import SearchSpec


def search_algorithm(spec: SearchSpec, space: SearchSpace, budget: int | None) -> RankedAlgorithm:
    """A fresh algorithm under a budget in MACs per example; equal arguments give equal searches.

    Raises:
        ValueError: no chromosome is that cheap.
    """
    space.check_budget(budget)
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible, and no secret
    objectives, candidates = spec.objectives, spec.budget.candidates
    match spec.algorithm:
        case GeneticSpec() as chosen:
            return _genetic(space, chosen, budget=budget, candidates=candidates, rng=rng)
        case Nsga2Spec() as chosen:
            return Nsga2(space, chosen, objectives=objectives, budget=budget, candidates=candidates, rng=rng)
        case RandomSpec():
            return RandomSearch(space, objectives=objectives, budget=budget, candidates=candidates, rng=rng)
        case DasSpec() as chosen:
            return _das(space, chosen, budget)
        case RankedSpec():
            return _ranked(space, bounded(space, budget))
        case GreedySpec():
            return Greedy(space, budget=bounded(space, budget), candidates=candidates)
        case NoSkipSpec():
            return Decided([space.full])
        case never:
            assert_never(never)


def bounded(space: SearchSpace, budget: int | None) -> int:
    """The budget as a count: without one everything is within it."""
    return space.macs(space.full) if budget is None else budget


def _genetic(
    space: SearchSpace, spec: GeneticSpec, *, budget: int | None, candidates: int, rng: random.Random
) -> RankedAlgorithm:
    if spec.seeds is None:
        return Genetic(space, spec, budget=budget, candidates=candidates, rng=rng)

    def seeded(scores: Scores | None) -> Genetic:
        seeds = [] if scores is None else neighbourhood(space, scores, bounded(space, budget))
        return Genetic(space, spec, budget=budget, candidates=candidates, rng=rng, seeds=seeds, first_index=FIRST_INDEX)

    return Probed(space, seeded)


def _das(space: SearchSpace, spec: DasSpec, budget: int | None) -> RankedAlgorithm:
    das = Das(space, spec, budget)
    return Probed(space, lambda preferences: Decided([] if preferences is None else [das.decide(preferences)]))


def _ranked(space: SearchSpace, budget: int) -> RankedAlgorithm:
    def without_search(scores: Scores | None) -> Decided:
        return Decided([] if scores is None else [eliminated(space, least_dense_first(space, scores), budget)])

    return Probed(space, without_search)
