"""From a spec to a search: the space, the MACs budget, and the algorithm with its finals."""

import math
import random
from itertools import islice

from models.cost import CostModel
from models.registry import DATASETS, BackboneEntry
from search.contracts import RankedAlgorithm
from search.finals import WithFinals
from search.genetic import Genetic
from search.nsga2 import Nsga2
from search.random_search import RandomSearch
from search.space import SearchSpace
from search.spec import GeneticSpec, Nsga2Spec, SearchSpec, SpecError

COUNTED = 4096  # feasible chromosomes counted before a search is accepted; one that runs out later just ends early


def build_space(spec: SearchSpec, entry: BackboneEntry) -> SearchSpace:
    """The chromosomes of a backbone, at the cost of the task's largest example."""
    cost = CostModel(entry.config, entry.workload(spec.task))
    return SearchSpace(entry.config.sub_layers, spec.space, cost.macs)


def macs_budget(spec: SearchSpec, space: SearchSpace) -> int | None:
    """The bound on MACs per example that makes a candidate feasible; None without one."""
    if spec.budget.macs is not None:
        return spec.budget.macs
    if spec.budget.macs_ratio is None:
        return None
    return math.floor(spec.budget.macs_ratio * space.macs(space.full))


def build_algorithm(spec: SearchSpec, space: SearchSpace) -> WithFinals:
    """The spec's algorithm and, after it, the finals; equal specs give equal searches."""
    return WithFinals(_algorithm(spec, space), space, spec.final)


def check_spec(spec: SearchSpec, entry: BackboneEntry) -> None:
    """Refuse what is well formed but cannot be searched on this backbone.

    Raises:
        SpecError: the data set is not registered, patches are dropped after more blocks than there are, nothing is as
            cheap as the budget asks, or fewer chromosomes are feasible than are to be measured.
    """
    if spec.data not in DATASETS:
        raise SpecError(f"data: no data set '{spec.data}'; registered: {', '.join(DATASETS)}")
    if spec.space.patch_ratios and spec.space.patch_after_block > entry.config.blocks:
        raise SpecError(
            f"space.patch_after_block is {spec.space.patch_after_block}; "
            f"backbone '{entry.name}' has {entry.config.blocks} blocks"
        )
    space = build_space(spec, entry)
    budget = macs_budget(spec, space)
    if budget is not None and space.min_macs() > budget:
        raise SpecError(
            f"the budget asks for at most {budget:,} MACs; the cheapest chromosome has {space.min_macs():,} and the "
            f"no-skip adapter model {space.macs(space.full):,}: raise budget.macs_ratio or budget.macs"
        )
    wanted = min(spec.budget.candidates, COUNTED)
    if (feasible := sum(1 for _ in islice(space.within(budget), wanted))) < wanted:
        raise SpecError(
            f"budget.candidates is {spec.budget.candidates}, each a different chromosome; only {feasible} of the "
            f"space's {space.size} are within the MACs budget: lower budget.candidates, raise the MACs budget, or "
            "widen the space"
        )


def _algorithm(spec: SearchSpec, space: SearchSpace) -> RankedAlgorithm:
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible, and no secret
    budget, candidates = macs_budget(spec, space), spec.budget.candidates
    if isinstance(spec.algorithm, GeneticSpec):
        return Genetic(space, spec.algorithm, budget=budget, candidates=candidates, rng=rng)
    objectives = spec.objectives
    if isinstance(spec.algorithm, Nsga2Spec):
        return Nsga2(space, spec.algorithm, objectives=objectives, budget=budget, candidates=candidates, rng=rng)
    return RandomSearch(space, objectives=objectives, budget=budget, candidates=candidates, rng=rng)
