"""Every search algorithm by name, built alike, and what the contract tests must know about each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from search.algorithm_spec import AlgorithmSpec
from search.algorithms import search_algorithm
from search.contracts import RankedAlgorithm
from search.fidelity_spec import FidelitySpec
from search.space import SearchSpace
from search.spec import Objective, SearchSpec

NO_STAGES = FidelitySpec()
ONE, TWO = (Objective.ACCURACY,), (Objective.ACCURACY, Objective.MACS)
THREE = (*TWO, Objective.PARAMETERS)
PLAIN: dict[str, Any] = {"surrogate": None}


@dataclass(frozen=True)
class Example:
    """An algorithm as a contract test meets it."""

    settings: Mapping[str, Any]
    objectives: tuple[Objective, ...] = ONE
    probes: int = 0  # PROBEs it asks before anything else
    proxies: bool = True  # whether it measures candidates at all
    samples: bool = True  # whether these are different feasible chromosomes, as many as it may, by luck
    bounded: bool = False  # whether it needs a MACs budget
    timeless: bool = True  # whether it asks the same whenever outcomes arrive


EXAMPLES: Mapping[str, Example] = {
    "genetic": Example({"name": "genetic"}),
    "genetic, plain": Example({"name": "genetic"} | PLAIN),
    "genetic, ridge": Example({"name": "genetic", "surrogate": "ridge"}),
    "genetic, seeded": Example({"name": "genetic", "seeds": "multiflow"} | PLAIN, probes=1),
    "steady": Example({"name": "steady"}, timeless=False),
    "steady, plain": Example({"name": "steady"} | PLAIN, timeless=False),
    "nsga2": Example({"name": "nsga2"}, TWO),
    "nsga2, plain": Example({"name": "nsga2"} | PLAIN, TWO),
    "nsga3": Example({"name": "nsga3"}, THREE),
    "nsga3, plain": Example({"name": "nsga3"} | PLAIN, THREE),
    "nsga3, two objectives": Example({"name": "nsga3"} | PLAIN, TWO),
    "random": Example({"name": "random"}),
    "random, two objectives": Example({"name": "random"}, TWO),
    "greedy": Example({"name": "greedy"}, samples=False, bounded=True),
    "ranked": Example({"name": "ranked"}, probes=1, proxies=False, samples=False, bounded=True),
    "das": Example({"name": "das"}, probes=1, proxies=False, samples=False, bounded=True),
    "das, published": Example(
        {"name": "das", "setting": "published", "skipped": 3}, probes=1, proxies=False, samples=False
    ),
    "no-skip": Example({"name": "no-skip"}, proxies=False, samples=False),
}
SAMPLING = [name for name, example in EXAMPLES.items() if example.samples]
ASKING = [name for name, example in EXAMPLES.items() if example.samples or example.probes or example.proxies]
TIMELESS = [name for name in ASKING if EXAMPLES[name].timeless]
MEASURING = [name for name, example in EXAMPLES.items() if example.proxies]
BOUNDED = [name for name, example in EXAMPLES.items() if example.samples or example.bounded]


def build(
    name: str,
    space: SearchSpace,
    *,
    budget: int | None,
    candidates: int = 40,
    population: int = 8,
    offspring: int = 10,
    seed: int = 0,
    fidelity: FidelitySpec = NO_STAGES,
    limits: Mapping[str, float] | None = None,
) -> RankedAlgorithm:
    """The algorithm called `name`; a spec's own checks are left out, so that every space and budget can be tried."""
    example = EXAMPLES[name]
    breeds = name.startswith(("genetic", "steady", "nsga"))
    settings = {**example.settings, **({"population": population, "offspring": offspring} if breeds else {})}
    algorithm: AlgorithmSpec = TypeAdapter(AlgorithmSpec).validate_python(settings)
    bare = SearchSpec(seed=seed)
    spec = bare.model_copy(
        update={
            "algorithm": algorithm,
            "objectives": example.objectives,
            "fidelity": fidelity,
            "budget": bare.budget.model_copy(update={"candidates": candidates, **(limits or {})}),
        }
    )
    return search_algorithm(spec, space, budget)
