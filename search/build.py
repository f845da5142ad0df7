"""From a spec to a search: the space, the MACs budget, and the algorithm with its audit and its finals."""

import math
from dataclasses import replace
from functools import lru_cache
from itertools import islice

from models.architecture import Stack
from models.backbone_config import BackboneConfig
from models.cost import cost_model
from models.folders import NOWHERE, Folders
from models.foreground.cost import foreground_cost
from models.registry import BackboneEntry
from models.workload import TaskName, Workload
from search.algorithm_spec import DasSpec
from search.algorithms import first_genomes, search_algorithm
from search.audit import Audited
from search.das import Das
from search.finals import WithFinals
from search.named import check_named, head_answers
from search.plugin import Aims, PluggedSpec, aimed
from search.sieve import Sieve
from search.space import SearchSpace
from search.space_spec import SpaceSpec
from search.spec import SearchSpec, SpecError

SAMPLING = ("genetic", "steady", "nsga2", "nsga3", "random", *aimed(*Aims))
"""These measure as many different feasible chromosomes as they may."""
COUNTED = 4096  # feasible chromosomes counted before a search is accepted; one that runs out later just ends early


def build_space(spec: SearchSpec, entry: BackboneEntry, folders: Folders = NOWHERE) -> SearchSpace:
    """The chromosomes of a backbone, at the cost of the task's largest example.

    Raises:
        ValueError: the data or the foreground of the spec is not known, or does not say what its use costs.
    """
    return _space(entry.config, workload(spec, entry, folders), spec.space, spec.budget.parameters)


@lru_cache(maxsize=32)
def _space(config: BackboneConfig, example: Workload, described: SpaceSpec, most_parameters: int | None) -> SearchSpace:
    """One for all searches that are alike, as it keeps what each chromosome costs: who looks at a search asks again."""
    cost = cost_model(config, example)
    return SearchSpace(
        config.sub_layers,
        described,
        cost.macs,
        patch_places=config.patch_places,
        parameters=lambda architecture: cost.parameters(architecture).total,
        most_parameters=most_parameters,
    )


def workload(spec: SearchSpec, entry: BackboneEntry, folders: Folders = NOWHERE) -> Workload:
    """The largest example of a search: the head has the data's answers, and the foreground provider looks at it.

    Raises:
        ValueError: as for `build_space`.
    """
    looking = foreground_cost(spec.space.foreground, folders.foregrounds)
    example = replace(entry.workload(spec.task), foreground_macs=looking.macs, foreground_parameters=looking.parameters)
    if spec.task is not TaskName.VQA:
        return example
    return replace(example, answers=len(head_answers(spec, entry, folders).names))


def macs_budget(spec: SearchSpec, space: SearchSpace) -> int | None:
    """The bound on MACs per example that makes a candidate feasible; None without one."""
    if spec.budget.macs is not None:
        return spec.budget.macs
    if spec.budget.macs_ratio is None:
        return None
    return math.floor(spec.budget.macs_ratio * space.macs(space.full))


def build_algorithm(spec: SearchSpec, space: SearchSpace) -> WithFinals:
    """The spec's algorithm and, after it, the audit and the finals; equal specs give equal searches."""
    stopping = search_algorithm(spec, space, macs_budget(spec, space))
    return WithFinals(Audited(stopping, spec.fidelity.audit), space, spec.final, stopping=stopping)


def check_spec(spec: SearchSpec, entry: BackboneEntry, folders: Folders = NOWHERE) -> None:
    """Refuse what is well formed but cannot be searched on this backbone.

    Raises:
        SpecError: the data set or the foreground is not registered or cannot be used, patches are dropped after more
            blocks than there are, nothing is as cheap as the budget asks, one of `first` is no chromosome of the space,
            or fewer chromosomes are feasible than are to be measured, or an algorithm of
            a plugin cannot be made.
    """
    check_named(spec, entry, folders)
    _check_places(spec, entry)
    space = build_space(spec, entry, folders)
    budget = macs_budget(spec, space)
    if budget is not None and space.min_macs() > budget:
        raise SpecError(
            f"the budget asks for at most {budget:,} MACs; the cheapest chromosome has {space.min_macs():,} and the "
            f"no-skip adapter model {space.macs(space.full):,}: raise budget.macs_ratio or budget.macs"
        )
    try:
        space.check_budget(budget)
    except ValueError as error:
        raise SpecError(f"{error}: raise budget.parameters, or the MACs budget") from None
    first_genomes(spec, space)
    if isinstance(spec.algorithm, DasSpec):
        Das(space, spec.algorithm, budget).check()
    if spec.algorithm.name in SAMPLING:
        _check_room(spec, space, budget)
    if isinstance(spec.algorithm, PluggedSpec):
        search_algorithm(spec, space, budget)


def _check_room(spec: SearchSpec, space: SearchSpace, budget: int | None) -> None:
    needed = Sieve(spec.fidelity, spec.objectives).entering(0, spec.budget.candidates)
    wanted = min(needed, COUNTED)
    if (feasible := sum(1 for _ in islice(space.within(budget), wanted))) < wanted:
        sieved = f" of {needed} that are screened or started" if spec.fidelity.stages else ""
        raise SpecError(
            f"budget.candidates is {spec.budget.candidates}{sieved}, each a different chromosome; only {feasible} of "
            f"the space's {space.size} are within the MACs budget: lower budget.candidates, raise the MACs budget, or "
            "widen the space"
        )


def _check_places(spec: SearchSpec, entry: BackboneEntry) -> None:
    last = entry.config.patch_places
    if late := [place for place in spec.space.patch_places if place > last]:
        raise SpecError(
            f"space.patch_places has {late[0]}; in backbone '{entry.name}' the last place is after {last} blocks"
        )
    if spec.space.classifier_token and any(each.stack is Stack.JOINT for each in entry.config.sub_layers):
        raise SpecError(
            f"space.classifier_token is for METER; backbone '{entry.name}' has one stack for text and image"
        )
