"""Routes of searches: submit, look, fetch the result. What changes one is in service/api/search_changes.py."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from search.contracts import Fidelity
from service.api import search_changes, search_copies
from service.api.auth import Runs
from service.api.body import BODY, GivenSpec
from service.api.chromosomes import Chromosomes
from service.api.estimate import NONE
from service.api.model_archive import zipped
from service.api.overview import front, overview
from service.api.problems import RESPONSES, ProblemError
from service.api.repeat import GivenRepeat
from service.api.schemas import (
    CandidatePage,
    CandidateView,
    Label,
    Labels,
    Priority,
    SearchPage,
    SearchSummary,
    SearchView,
)
from service.api.seeds import seeded
from service.api.services import Given
from service.api.submission import Submission, created
from service.domain.person import OWNER
from service.domain.records import Status
from service.domain.search_id import PATTERN
from service.searches.search_list import Selection

router = APIRouter(prefix="/searches", tags=["searches"], responses=RESPONSES)
router.include_router(search_changes.router)
router.include_router(search_copies.router)

Limit = Annotated[int, Query(ge=1, le=200)]
AfterId = Annotated[str | None, Query(pattern=f"^{PATTERN.pattern}$", description="the `next` of the page before")]
AfterIndex = Annotated[int, Query(ge=-1, lt=2**31)]
SeedsFrom = Annotated[str | None, Query(description="an ended search, whose best chromosomes join `first`")]
OnlyFidelity = Annotated[list[Fidelity], Query(default_factory=list)]
OfOwner = Annotated[str | None, Query(pattern=f"^({OWNER.pattern})$")]
WithLabels = Annotated[Labels, Query(default_factory=list, alias="label", description="labels of the search")]
OfLabel = Annotated[Label | None, Query(description="rare ones may give short pages that are not the last")]


@router.post("", status_code=HTTPStatus.CREATED, openapi_extra=BODY)
def submit(
    spec: GivenSpec,
    services: Given,
    caller: Runs,
    repeat: GivenRepeat,
    request: Request,
    response: Response,
    labels: WithLabels,
    priority: Annotated[Priority, Query()] = 0,
    seeds_from: SeedsFrom = None,
) -> SearchView:
    """Queue a search, after checking that it can be done at all."""
    if repeat.search is not None:
        return created(repeat.search, services, request, response)
    submission = Submission(services, caller, repeat.idempotency)
    submission.check(spec)
    if seeds_from is not None:
        spec = seeded(spec, services, seeds_from)
    return created(submission.queue(spec, labels=labels, priority=priority), services, request, response)


@router.get("")
def list_searches(
    services: Given,
    after: AfterId = None,
    limit: Limit = 50,
    status: Status | None = None,
    owner: OfOwner = None,
    label: OfLabel = None,
) -> SearchPage:
    """Searches, newest first."""
    selection = Selection(status=status, owner=owner, label=label)
    page = services.store.searches.selected(selection, after=after, limit=limit)
    progress = services.store.candidates.progress([search.id for search in page.items])
    items = [SearchSummary.of(each, told=progress[each.id].get(Fidelity.PROXY, NONE).told) for each in page.items]
    return SearchPage(items=items, next=page.next)


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


@router.get("/{search_id}/model", response_class=StreamingResponse)
def get_model(search_id: str, services: Given) -> StreamingResponse:
    """The exported winner as a zip file."""
    search = services.store.searches.get(search_id)
    if search.status is not Status.SUCCEEDED:
        detail = f"search {search_id} has status {search.status}; a model is there once it has succeeded"
        raise ProblemError(HTTPStatus.CONFLICT, detail)
    name = (search.result or {}).get("artifact")
    files = services.exports.files(search.id, name) if name is not None else ()
    if not files:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, f"search {search_id} has no exported model: none made, or deleted since"
        )
    headers = {"Content-Disposition": f'attachment; filename="{search.id}.zip"'}
    return StreamingResponse(zipped(services.exports, files), media_type="application/zip", headers=headers)
