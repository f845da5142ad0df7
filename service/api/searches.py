"""Routes of searches: submit, look, cancel, fetch the result."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from search.build import check_spec
from search.contracts import Fidelity
from search.spec import SpecError
from service.api.body import BODY, GivenSpec
from service.api.chromosomes import Chromosomes
from service.api.estimate import NONE
from service.api.model_archive import zipped
from service.api.overview import front, overview
from service.api.problems import RESPONSES, ProblemError
from service.api.schemas import CandidatePage, CandidateView, Resize, SearchPage, SearchSummary, SearchView
from service.api.seeds import seeded
from service.api.services import Given
from service.records import Status
from service.search_id import PATTERN

router = APIRouter(prefix="/searches", tags=["searches"], responses=RESPONSES)

Limit = Annotated[int, Query(ge=1, le=200)]
AfterId = Annotated[str | None, Query(pattern=f"^{PATTERN.pattern}$", description="the `next` of the page before")]
AfterIndex = Annotated[int, Query(ge=-1, lt=2**31)]
SeedsFrom = Annotated[str | None, Query(description="an ended search, whose best chromosomes join `first`")]
OnlyFidelity = Annotated[list[Fidelity], Query(default_factory=list)]


@router.post("", status_code=HTTPStatus.CREATED, openapi_extra=BODY)
def submit(
    spec: GivenSpec, services: Given, request: Request, response: Response, seeds_from: SeedsFrom = None
) -> SearchView:
    """Queue a search, after checking that it can be done at all."""
    try:
        entry = services.registry.get(spec.backbone)
    except ValueError as error:
        raise SpecError(f"backbone: {error}") from None
    check_spec(spec, entry, services.folders)
    if seeds_from is not None:
        spec = seeded(spec, services, seeds_from)
    search = services.store.searches.create(spec, services.version)
    response.headers["Location"] = request.url_for("get_search", search_id=search.id).path
    return overview(search, services)


@router.get("")
def list_searches(
    services: Given, after: AfterId = None, limit: Limit = 50, status: Status | None = None
) -> SearchPage:
    """Searches, newest first."""
    found = services.store.searches.page(after=after, limit=limit, status=status)
    progress = services.store.candidates.progress([search.id for search in found])
    items = [SearchSummary.of(each, told=progress[each.id].get(Fidelity.PROXY, NONE).told) for each in found]
    return SearchPage(items=items, next=found[-1].id if len(found) == limit else None)


@router.get("/{search_id}", name="get_search")
def get_search(search_id: str, services: Given) -> SearchView:
    """One search: state, progress, best so far."""
    return overview(services.store.searches.get(search_id), services)


@router.get("/{search_id}/candidates")
def list_candidates(
    search_id: str, services: Given, fidelity: OnlyFidelity, after: AfterIndex = -1, limit: Limit = 50
) -> CandidatePage:
    """Candidates in the order of the asks, of all fidelities or of some."""
    known = Chromosomes.of(services.store.searches.get(search_id), services)
    found = services.store.candidates.page(search_id, after=after, limit=limit, fidelities=fidelity)
    items = [CandidateView.of(each, known.decode(each.candidate.genome)) for each in found]
    return CandidatePage(items=items, next=found[-1].candidate.index if len(found) == limit else None)


@router.get("/{search_id}/front")
def get_front(search_id: str, services: Given) -> list[CandidateView]:
    """The best within the bounds by proxy score, best first: one for a single objective, else the Pareto front."""
    search = services.store.searches.get(search_id)
    known = Chromosomes.of(search, services)
    return [CandidateView.of(each, known.decode(each.candidate.genome)) for each in front(search, services, known)]


@router.patch("/{search_id}")
def resize(search_id: str, change: Resize, services: Given) -> SearchView:
    """Want another number of workers; a running search follows within seconds, none of its work is lost."""
    return overview(services.store.searches.resize(search_id, change.workers), services)


@router.post("/{search_id}/cancel")
def cancel(search_id: str, services: Given) -> SearchView:
    """Ask for the end; a running search stops within seconds, and asking again changes nothing."""
    search = services.store.searches.request_cancel(search_id)
    return overview(search, services)


@router.get("/{search_id}/model", response_class=StreamingResponse)
def get_model(search_id: str, services: Given) -> StreamingResponse:
    """The exported winner as a zip file."""
    search = services.store.searches.get(search_id)
    if search.status is not Status.SUCCEEDED:
        detail = f"search {search_id} has status {search.status}; a model is there once it has succeeded"
        raise ProblemError(HTTPStatus.CONFLICT, detail)
    name = (search.result or {}).get("artifact")
    folder = services.artifacts / search.id / (name or "")
    if name is None or not folder.is_dir():
        raise ProblemError(
            HTTPStatus.NOT_FOUND, f"search {search_id} has no exported model: none made, or deleted since"
        )
    headers = {"Content-Disposition": f'attachment; filename="{search.id}.zip"'}
    return StreamingResponse(zipped(folder), media_type="application/zip", headers=headers)
