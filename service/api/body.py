"""`GivenSpec`: the spec in a request's body, refused before it is parsed when it is too large."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from pydantic import ValidationError

from search.spec import MAX_SPEC_BYTES, SearchSpec, describe_errors
from service.api.problems import ProblemError


async def _read_body(request: Request) -> bytes:
    """The bytes of a body, refused before it is whole when it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_SPEC_BYTES:
            detail = f"the body has more than {MAX_SPEC_BYTES} bytes; a spec has at most that many"
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
    return bytes(body)


Body = Annotated[bytes, Depends(_read_body)]


async def _read_spec(body: Body) -> SearchSpec:
    try:
        return SearchSpec.model_validate_json(body)
    except ValidationError as error:
        detail = "the spec is not valid: see errors"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=describe_errors(error)) from None


GivenSpec = Annotated[SearchSpec, Depends(_read_spec)]

BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": SearchSpec.model_json_schema()}}}}
"""What the OpenAPI document says about a body that we read ourselves."""
