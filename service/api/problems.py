"""Every error a client can get, as a problem document (RFC 9457); none of them carries a traceback."""

import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from models.registry import UnknownBackboneError
from search.spec import SpecError
from service.api.search_feed import EventIdError
from service.domain.person import KeyNotFoundError, PeopleError
from service.domain.records import (
    IdempotencyConflictError,
    SearchFinishedError,
    SearchNotFoundError,
    SearchUnfinishedError,
)
from service.events.addresses import AddressError
from service.events.webhooks import WebhookLimitError, WebhookNotFoundError
from service.limits import DiskFullError, SpecTooLargeError
from service.people.quotas import QuotaExceededError
from service.storage.artifacts import ArtifactsError
from service.storage.schema_error import SchemaError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One offending field: where it is, what is wrong, what came."""

    field: str
    message: str
    got: str


class Problem(BaseModel):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None


class ProblemError(Exception):
    """An error that a route raises and a client gets."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers


def respond(
    status: int,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """A problem document, with `more` members; its type names the status, as no finer distinction is promised."""
    title = HTTPStatus(status).phrase
    slug = title.lower().replace(" ", "-")
    fields = None if errors is None else [FieldError.model_validate(error) for error in errors]
    problem = Problem(type=f"urn:twinsieve:problem:{slug}", title=title, status=status, detail=detail, errors=fields)
    content = jsonable_encoder(problem, exclude_none=True) | dict(more or {})
    return JSONResponse(content, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


STATUS: Mapping[type[Exception], HTTPStatus] = {
    SearchNotFoundError: HTTPStatus.NOT_FOUND,
    SearchFinishedError: HTTPStatus.CONFLICT,
    SearchUnfinishedError: HTTPStatus.CONFLICT,
    IdempotencyConflictError: HTTPStatus.CONFLICT,
    SpecError: HTTPStatus.UNPROCESSABLE_ENTITY,
    KeyNotFoundError: HTTPStatus.NOT_FOUND,
    PeopleError: HTTPStatus.UNPROCESSABLE_ENTITY,
    QuotaExceededError: HTTPStatus.FORBIDDEN,
    EventIdError: HTTPStatus.BAD_REQUEST,
    AddressError: HTTPStatus.UNPROCESSABLE_ENTITY,
    WebhookNotFoundError: HTTPStatus.NOT_FOUND,
    WebhookLimitError: HTTPStatus.CONFLICT,
    UnknownBackboneError: HTTPStatus.UNPROCESSABLE_ENTITY,
    SpecTooLargeError: HTTPStatus.UNPROCESSABLE_ENTITY,
    DiskFullError: HTTPStatus.INSUFFICIENT_STORAGE,
    ArtifactsError: HTTPStatus.SERVICE_UNAVAILABLE,
    SchemaError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What errors of the layers below mean to a client."""

RESPONSES: dict[int | str, dict[str, Any]] = {"default": {"model": Problem, "description": "A problem document"}}


def install(app: FastAPI) -> None:
    """Answer every exception of `app` with a problem document."""
    for known, status in STATUS.items():
        app.add_exception_handler(known, _by_status(status))
    app.add_exception_handler(ProblemError, _raised)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http)
    for unavailable in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(unavailable, _unavailable)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


def _by_status(status: HTTPStatus) -> Callable[[Request, Exception], JSONResponse]:
    return lambda _request, error: respond(status, str(error))


def _raised(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 - how it was registered
    return respond(error.status, error.detail, errors=error.errors, headers=error.headers)


def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = [
        {
            "field": _encodable(".".join(str(part) for part in item["loc"])),
            "message": item["msg"],
            "got": repr(item.get("input"))[:200],
        }
        for item in error.errors()
    ]
    return respond(HTTPStatus.UNPROCESSABLE_ENTITY, "the request is not valid: see errors", errors=errors)


def _encodable(text: str) -> str:
    """JSON may name half a character (a lone surrogate), which no answer can repeat as it is."""
    return text.encode("utf-8", "backslashreplace").decode()


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    where = f"{request.method} {request.url.path}: {error.detail}"
    allow = {"Allow": _methods(request)} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else {}
    return respond(error.status_code, where, headers={**(error.headers or {}), **allow})


def _methods(request: Request) -> str:
    """Those of all routes of a path; the framework names those of the first one alone."""
    routes = [route for route in iter_route_contexts(request.app.routes) if route.path_regex.match(request.url.path)]
    return ", ".join(sorted({method for route in routes for method in route.methods or ()}))


def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    logger.error("the database does not answer: %s", error)
    detail = "the database does not answer; try again in a few seconds"
    return respond(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"})


def _gone(_request: Request, _error: Exception) -> JSONResponse:
    return respond(HTTPStatus.BAD_REQUEST, "the client went away before the request was whole")  # for our log alone


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s", request.method, request.url.path, exc_info=error)
    return respond(HTTPStatus.INTERNAL_SERVER_ERROR, "an error of ours; the server's log has it")
