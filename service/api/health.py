"""Routes for whoever keeps the process running: it lives; it can work."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.api.problems import RESPONSES, respond
from service.api.schemas import Health
from service.observing.readiness import OK, Readiness

router = APIRouter(tags=["health"], responses=RESPONSES)


@router.get("/healthz")
def healthz() -> Health:
    """The process answers."""
    return Health()


class Ready(BaseModel):
    """All parts work."""

    status: str = OK
    parts: Mapping[str, str]


@router.get("/readyz", response_model=Ready)
async def readyz(request: Request) -> Ready | JSONResponse:
    """Whether the process can work: for each part `ok` or what is wrong; 503 where something is."""
    readiness: Readiness = request.app.state.readiness
    parts = await readiness.parts()
    wrong = {name: found for name, found in parts.items() if found != OK}
    if not wrong:
        return Ready(parts=parts)
    detail = "not ready: " + "; ".join(f"{name}: {found}" for name, found in wrong.items())
    more = {"parts": dict(parts)}
    return respond(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"}, more=more)
