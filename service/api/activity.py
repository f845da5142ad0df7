"""The route of activity: which worker was busy when, and why candidates failed."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from service.api.problems import RESPONSES
from service.api.services import Given
from service.observing.activity import activity
from service.observing.failure_class import FailureClass

router = APIRouter(prefix="/searches", tags=["searches"], responses=RESPONSES)

Bins = Annotated[int, Query(ge=1, le=240, description="parts of its time; fewer where one would last under a second")]


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class WorkerView(_View):
    """What one worker did. `busy` is the share of each bin, 0 to 1, in which it scored."""

    name: str  # its host and the number of its slot
    candidates: int
    failed: int  # of those
    busy_seconds: float
    utilisation: float  # 0 to 1: busy between the beginning of its first candidate and the end of its last
    first_at: datetime  # about when it began its first candidate
    last_at: datetime  # when its last outcome came
    busy: tuple[float, ...]


class FailureView(_View):
    """One kind of failure, with the reason of the first candidate that met it."""

    kind: FailureClass
    count: int
    example: str
    candidate: int  # index of that one


class ActivityView(_View):
    """What happened inside a search, from its start to its end or until now, in bins of equal length.

    Candidates that were taken over from earlier searches were nobody's work and are not counted. Those that were told
    before workers were noted, ended every worker that tried them, or were cut off by the end are `unattributed`.
    """

    begins_at: datetime | None  # of the first bin; null before its start
    bin_seconds: int
    bins: int
    workers: tuple[WorkerView, ...]  # by name
    utilisation: float | None  # 0 to 1, of all of them, each for its own time; null where none was noted
    unattributed: int  # told candidates without a worker
    failures: tuple[FailureView, ...]  # the most frequent first


@router.get("/{search_id}/activity")
def get_activity(search_id: str, services: Given, bins: Bins = 60) -> ActivityView:
    """Who scored what and when, and what failed; counted anew at each request, so ask every few seconds at most."""
    search = services.store.searches.get(search_id)
    found = activity(services.store.engine, search, bins=bins, now=services.store.clock())
    return ActivityView.model_validate(found)
