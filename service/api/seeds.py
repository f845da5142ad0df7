"""`seeded`: a spec whose first generation holds what an earlier search found best."""

from http import HTTPStatus

from search.build import build_space
from search.contracts import Failure, Fidelity, Genome
from search.ledger import Measured
from search.ranking import best
from search.spec import Objective, SearchSpec, SpecError
from service.api.chromosomes import Chromosomes
from service.api.problems import ProblemError
from service.api.services import Services
from service.records import Search

SEEDS = 12


def seeded(spec: SearchSpec, services: Services, search_id: str) -> SearchSpec:
    """`spec` with the best chromosomes of an ended search, at most `SEEDS`, behind those that `first` has already.

    They stand in the spec itself, which then depends on no other search.

    Raises:
        SearchNotFoundError: there is no such search.
        ProblemError: it has not ended.
        SpecError: it measured nothing, or searched another space.
    """
    earlier = services.store.searches.get(search_id)
    if not earlier.status.finished:
        detail = f"seeds_from: search {search_id} has status {earlier.status}; its best are known once it has ended"
        raise ProblemError(HTTPStatus.CONFLICT, detail)
    found = _best(earlier, services)
    if not found:
        raise SpecError(f"seeds_from: search {search_id} has {earlier.status} and measured no candidate")
    space = build_space(spec, services.registry.get(spec.backbone), services.folders)
    try:
        for genome in found:
            space.check(genome)
    except ValueError as error:
        raise SpecError(f"seeds_from: search {search_id} searched another space than this spec's: {error}") from None
    return spec.model_copy(update={"first": tuple(dict.fromkeys([*spec.first, *found]))})


def _best(search: Search, services: Services) -> list[Genome]:
    """By proxy score; by the final fine-tune's of a search that decides without proxies."""
    known, objectives = Chromosomes.of(search, services), [Objective(name) for name in search.spec["objectives"]]
    for fidelity in (Fidelity.PROXY, Fidelity.FINAL):
        measured = [
            Measured(each.candidate, each.outcome)
            for each in services.store.candidates.measured(search.id, fidelity)
            if each.outcome is not None and not isinstance(each.outcome, Failure) and known.affordable(each.outcome)
        ]
        if measured:
            return [each.genome for each in best(measured, objectives, SEEDS)]
    return []
