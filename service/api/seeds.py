"""`seeded`: a spec whose first generation holds what an earlier search found best."""

from http import HTTPStatus

from search.algorithm_spec import BreedingSpec
from search.build import build_space
from search.contracts import Failure, Fidelity, Genome
from search.ledger import Measured
from search.ranking import best
from search.spec import Objective, SearchSpec, SpecError, parse_spec
from service.api.chromosomes import Chromosomes
from service.api.problems import ProblemError
from service.api.services import Services
from service.domain.records import Search

SEEDS = 12


def seeded(spec: SearchSpec, services: Services, search_id: str) -> SearchSpec:
    """`spec` with the best chromosomes of an ended search behind those that `first` has already.

    At most `SEEDS`, and as many as the first generation has room for. They stand in the spec itself, which then depends
    on no other search.

    Raises:
        SearchNotFoundError: there is no such search.
        ProblemError: it has not ended.
        SpecError: it measured nothing, or searched another space; or the algorithm of `spec` has no first generation.
    """
    earlier = services.store.searches.get(search_id)
    if not earlier.status.finished:
        detail = f"seeds_from: search {search_id} has status {earlier.status}; its best are known once it has ended"
        raise ProblemError(HTTPStatus.CONFLICT, detail)
    room = _room(spec)
    _same_space(earlier, spec)
    measured = _measured(earlier, services)
    if not measured:
        raise SpecError(f"seeds_from: search {search_id} has {earlier.status} and measured no candidate")
    objectives = [Objective(name) for name in earlier.spec["objectives"]]
    new = [each for each in measured if each.candidate.genome not in spec.first]
    found = [each.genome for each in best(new, objectives, min(SEEDS, room))]
    _check(found, spec, services, search_id)
    return parse_spec(spec.model_dump(mode="json") | {"first": [*spec.first, *found]})


def _room(spec: SearchSpec) -> int:
    """How many more chromosomes `first` may have, beside those at the ends of the space."""
    if not isinstance(spec.algorithm, BreedingSpec):
        raise SpecError(
            f"seeds_from: '{spec.algorithm.name}' has no first generation for an earlier search's best; "
            "use 'genetic', 'steady', 'nsga2' or 'nsga3', or leave seeds_from out"
        )
    return spec.room - len(spec.first)


def _same_space(earlier: Search, spec: SearchSpec) -> None:
    """Genes of another space mean something else, even where there are as many."""
    stored = spec.model_dump(mode="json")
    for part in ("backbone", "space"):
        expected, actual = _parts(part, stored[part]), _parts(part, earlier.spec[part])
        if differing := sorted(key for key in expected | actual if expected.get(key) != actual.get(key)):
            key = differing[0]
            raise SpecError(
                f"seeds_from: expected a search with {key} {expected.get(key)!r}, as this spec has; search "
                f"{earlier.id} has {actual.get(key)!r}: change the one or name another search"
            )


def _parts(name: str, value: object) -> dict[str, object]:
    return {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}


def _check(found: list[Genome], spec: SearchSpec, services: Services, search_id: str) -> None:
    """Refuse what a backbone of other sizes under the same name left."""
    space = build_space(spec, services.registry.get(spec.backbone), services.folders)
    try:
        for genome in found:
            space.check(genome)
    except ValueError as error:
        raise SpecError(f"seeds_from: search {search_id} searched another space than this spec's: {error}") from None


def _measured(search: Search, services: Services) -> list[Measured]:
    """Its proxies within the bounds; the finals of a search that decides without proxies."""
    known = Chromosomes.of(search, services)
    for fidelity in (Fidelity.PROXY, Fidelity.FINAL):
        measured = [
            Measured(each.candidate, each.outcome)
            for each in services.store.candidates.measured(search.id, fidelity)
            if each.outcome is not None and not isinstance(each.outcome, Failure) and known.affordable(each.outcome)
        ]
        if measured:
            return measured
    return []
