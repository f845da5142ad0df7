"""Every search algorithm by name, built alike."""

import random
from collections.abc import Mapping

from search.contracts import RankedAlgorithm
from search.genetic import Genetic
from search.nsga2 import Nsga2
from search.random_search import RandomSearch
from search.space import SearchSpace
from search.spec import GeneticSpec, Nsga2Spec, Objective

OBJECTIVES: Mapping[str, tuple[Objective, ...]] = {
    "genetic": (Objective.ACCURACY,),
    "nsga2": (Objective.ACCURACY, Objective.MACS),
    "random": (Objective.ACCURACY,),
    "random, two objectives": (Objective.ACCURACY, Objective.MACS),
}


def build(
    name: str, space: SearchSpace, *, budget: int | None, candidates: int = 40, population: int = 8, seed: int = 0
) -> RankedAlgorithm:
    rng = random.Random(seed)
    if name == "genetic":
        return Genetic(space, GeneticSpec(population=population), budget=budget, candidates=candidates, rng=rng)
    objectives = OBJECTIVES[name]
    if name == "nsga2":
        spec = Nsga2Spec(population=population)
        return Nsga2(space, spec, objectives=objectives, budget=budget, candidates=candidates, rng=rng)
    return RandomSearch(space, objectives=objectives, budget=budget, candidates=candidates, rng=rng)
