"""`extension`: what an ended search would be with more candidates, of which it has measured the first ones."""

from search.spec import SearchSpec, SpecError, parse_spec
from service.domain.records import Search, SearchUnfinishedError, Status

EXTENDED = (Status.SUCCEEDED, Status.CANCELLED)


def extension(search: Search, candidates: int) -> SearchSpec:
    """The spec of `search` with a budget of `candidates`, which takes over what was measured before.

    Raises:
        SearchUnfinishedError: it has not ended.
        SpecError: it failed, measures no proxy candidates, or had as many already; or its spec is of another version.
    """
    if not search.status.finished:
        raise SearchUnfinishedError(f"search {search.id} has status {search.status}; extend it once it has ended")
    if search.status not in EXTENDED:
        raise SpecError(f"search {search.id} has {search.status}, and would again; see its error, then clone it")
    spec = parse_spec(search.spec)
    if not spec.evaluations:
        raise SpecError(f"search {search.id} has algorithm '{spec.algorithm.name}', which measures no proxy candidates")
    if candidates <= spec.budget.candidates:
        raise SpecError(
            f"candidates: expected more than the {spec.budget.candidates} of search {search.id}, not {candidates}"
        )
    budget = spec.budget.model_dump(mode="json") | {"candidates": candidates}
    return parse_spec(spec.model_dump(mode="json") | {"budget": budget, "reuse": True})
