"""Routes that make a search of another one: with more candidates, or with a changed spec."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import from_json

from search.spec import parse_spec
from service.api.auth import Runs
from service.api.body import Body
from service.api.problems import ProblemError
from service.api.repeat import GivenRepeat
from service.api.schemas import Extension, SearchView
from service.api.services import Given
from service.api.submission import Submission, created
from service.searches.extension import extension
from service.searches.merge_patch import merged

router = APIRouter()

PATCH = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
"""What the OpenAPI document says about a body that we read ourselves."""


def _read_patch(body: Body) -> dict[str, Any]:
    """Strictly JSON, as specs are; no body changes nothing."""
    try:
        patch = from_json(body or b"{}", allow_inf_nan=False)
    except ValueError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"the patch is no JSON: {error}") from None
    if not isinstance(patch, dict):
        detail = f"expected a JSON object with the changes of the spec, not {type(patch).__name__}"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    return patch


@router.post("/{search_id}/extend", status_code=HTTPStatus.CREATED)
def extend(
    search_id: str,
    wish: Extension,
    services: Given,
    caller: Runs,
    repeat: GivenRepeat,
    request: Request,
    response: Response,
) -> SearchView:
    """Queue an ended search anew with more candidates; what it measured is taken over, so only the rest is work."""
    if repeat.search is not None:
        return created(repeat.search, services, request, response)
    past = services.store.searches.get(search_id)
    spec, submission = extension(past, wish.candidates), Submission(services, caller, repeat.idempotency)
    submission.check(spec)
    search = submission.queue(spec, extends=past.id, labels=past.labels, notes=past.notes, priority=past.priority)
    return created(search, services, request, response)


@router.post("/{search_id}/clone", status_code=HTTPStatus.CREATED, openapi_extra=PATCH)
def clone(
    search_id: str,
    patch: Annotated[dict[str, Any], Depends(_read_patch)],
    services: Given,
    caller: Runs,
    repeat: GivenRepeat,
    request: Request,
    response: Response,
) -> SearchView:
    """Queue the spec of any search again, with the changes of a JSON Merge Patch if the body has one."""
    if repeat.search is not None:
        return created(repeat.search, services, request, response)
    past = services.store.searches.get(search_id)
    spec, submission = parse_spec(merged(past.spec, patch)), Submission(services, caller, repeat.idempotency)
    submission.check(spec)
    search = submission.queue(spec, labels=past.labels, notes=past.notes, priority=past.priority)
    return created(search, services, request, response)
