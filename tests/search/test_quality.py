"""Whether searching pays: against random search with as many measurements under the same MACs budget."""

import math
import random
from statistics import mean, stdev

import pytest

from search.algorithm_spec import GeneticSpec, Nsga2Spec
from search.contracts import Candidate
from search.genetic import Genetic
from search.nsga2 import Nsga2
from search.random_search import RandomSearch
from search.spec import Objective
from tests.search.algorithms import build
from tests.search.driving import drive, drive_in_turn
from tests.search.landscape import Landscape, made_up_space

SPACE = made_up_space(blocks=12)
FULL = SPACE.macs(SPACE.full)
BOTH = (Objective.ACCURACY, Objective.MACS)
WORLDS = 25
PLAIN, PLAIN_2 = GeneticSpec(population=12, elitism=3, surrogate=None), Nsga2Spec(surrogate=None)


def dominated_area(landscape: Landscape, front: list[Candidate]) -> float:
    """Hypervolume against no accuracy at the full model's MACs, in accuracy × share of MACs."""
    space = landscape.space
    full = space.macs(space.full)
    points = sorted((space.macs(each.genome) / full, landscape.accuracy(each.genome)) for each in front)
    area, best = 0.0, 0.0
    for (macs, accuracy), following in zip(points, [*(macs for macs, _ in points[1:]), 1.0], strict=True):
        best = max(best, accuracy)
        area += best * (following - macs)
    return area


def standard_errors_above_zero(differences: list[float]) -> float:
    return mean(differences) / (stdev(differences) / math.sqrt(len(differences)))


@pytest.mark.parametrize("ratio", [0.6, 0.75])
def test_the_genetic_algorithm_beats_random_search(ratio: float) -> None:
    budget = round(ratio * FULL)
    gained = []
    for world in range(WORLDS):
        landscape = Landscape(SPACE, seed=world)
        genetic = Genetic(SPACE, PLAIN, budget=budget, candidates=96, rng=random.Random(world))
        luck = RandomSearch(SPACE, budget=budget, candidates=96, rng=random.Random(world))
        for algorithm in (genetic, luck):
            drive(algorithm, landscape.measure)
        finalists = [[landscape.accuracy(each.genome) for each in algorithm.best(3)] for algorithm in (genetic, luck)]
        gained.append(max(finalists[0]) - max(finalists[1]))
    assert sum(gain > 0 for gain in gained) >= 0.7 * WORLDS
    assert mean(gained) > 0.01
    assert standard_errors_above_zero(gained) > 3


def test_nsga2_dominates_more_than_random_search() -> None:
    gained = []
    for world in range(WORLDS):
        landscape = Landscape(SPACE, seed=world)
        rng = random.Random(world)
        nsga2 = Nsga2(SPACE, PLAIN_2, objectives=BOTH, budget=FULL, candidates=96, rng=rng)
        luck = RandomSearch(SPACE, objectives=BOTH, budget=FULL, candidates=96, rng=random.Random(world))
        for algorithm in (nsga2, luck):
            drive(algorithm, landscape.measure)
        gained.append(dominated_area(landscape, [*nsga2.front()]) - dominated_area(landscape, [*luck.front()]))
    assert standard_errors_above_zero(gained) > 3


def test_nsga2_finds_the_whole_front_of_a_space_it_exhausts() -> None:
    space = made_up_space(blocks=3, patch_ratios=[1.0, 0.5], patch_places=[1])
    landscape = Landscape(space, seed=2, noise=0.0)
    budget = round(0.8 * space.macs(space.full))
    algorithm = Nsga2(space, PLAIN_2, objectives=BOTH, budget=budget, candidates=999, rng=random.Random(0))
    drive(algorithm, landscape.measure)
    points = {(landscape.accuracy(genome), -space.macs(genome)) for genome in space.within(budget)}
    best = {one for one in points if not any(a >= one[0] and m >= one[1] and (a, m) != one for a, m in points)}
    found = [(landscape.accuracy(each.genome), -space.macs(each.genome)) for each in algorithm.front()]
    assert found == sorted(best, reverse=True)


def test_nsga2_comes_near_the_front_of_a_space_it_cannot_exhaust() -> None:
    space = made_up_space(blocks=5)
    landscape = Landscape(space, seed=2, noise=0.0)
    algorithm = Nsga2(space, PLAIN_2, objectives=BOTH, budget=None, candidates=200, rng=random.Random(0))
    drive(algorithm, landscape.measure)
    everything = [Candidate(0, genome) for genome in space.within(None)]
    assert len(everything) == 1024
    assert dominated_area(landscape, [*algorithm.front()]) > 0.99 * dominated_area(landscape, everything)


def test_a_score_gives_the_genetic_algorithm_a_better_start() -> None:
    budget = round(0.6 * FULL)
    gained = []
    for world in range(WORLDS):
        landscape = Landscape(SPACE, seed=world)
        found = []
        for name in ("genetic, seeded", "genetic, plain"):
            algorithm = build(name, SPACE, budget=budget, candidates=36, population=12, seed=world)
            drive(algorithm, landscape.measure)
            found.append(max(landscape.accuracy(each.genome) for each in algorithm.best(3)))
        gained.append(found[0] - found[1])
    assert mean(gained) > 0.01
    assert standard_errors_above_zero(gained) > 2


def halves(name: str, *, offspring: int) -> list[float]:
    """What 36 evaluations of `name` find beyond 72 of random search, by world."""
    budget, gained = round(0.5 * FULL), []
    for world in range(10):
        landscape = Landscape(SPACE, seed=world)
        searching = build(name, SPACE, budget=budget, candidates=36, population=8, offspring=offspring, seed=world)
        luck = RandomSearch(SPACE, budget=budget, candidates=72, rng=random.Random(world))
        drive_in_turn(searching, landscape.measure)
        drive(luck, landscape.measure)
        found = [max(landscape.accuracy(each.genome) for each in one.best(3)) for one in (searching, luck)]
        gained.append(found[0] - found[1])
    return gained


@pytest.mark.parametrize("name", ["genetic", "steady"])
def test_with_a_surrogate_half_the_evaluations_of_random_search_are_more_than_enough(name: str) -> None:
    gained = halves(name, offspring=40)
    assert mean(gained) > 0.01
    assert standard_errors_above_zero(gained) > 2


def test_a_surrogate_widens_the_front() -> None:
    gained = []
    for world in range(8):
        landscape, areas = Landscape(SPACE, seed=world), []
        for name in ("nsga2", "nsga2, plain"):
            algorithm = build(name, SPACE, budget=None, candidates=60, population=12, offspring=40, seed=world)
            drive(algorithm, landscape.measure)
            areas.append(dominated_area(landscape, [*algorithm.front()]))
        gained.append(areas[0] - areas[1])
    assert standard_errors_above_zero(gained) > 2
