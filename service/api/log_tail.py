"""The route of the log: the last lines of whatever drove a search last."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from service.api.problems import RESPONSES
from service.api.services import Given
from service.searches.log_tails import MOST_LINES

router = APIRouter(prefix="/searches", tags=["searches"], responses=RESPONSES)

Lines = Annotated[int, Query(ge=1, le=MOST_LINES)]


class LogView(BaseModel):
    """Oldest first, as a person reads them; empty before a driver began. Its whole log lies on the driver's machine."""

    lines: tuple[str, ...]
    written_at: datetime | None  # when the driver last wrote them down, which it does every few seconds


@router.get("/{search_id}/log")
def get_log(search_id: str, services: Given, lines: Lines = 100) -> LogView:
    """The end of the log of the search's driver, without secrets."""
    search = services.store.searches.get(search_id)
    tail = services.store.log_tails.read(search.id)
    if tail is None:
        return LogView(lines=(), written_at=None)
    return LogView(lines=tail.lines[-lines:], written_at=tail.written_at)
