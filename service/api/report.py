"""The report of a search: for a browser, for a paper, for a program."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from service.api.chromosomes import Chromosomes
from service.api.problems import RESPONSES, ProblemError
from service.api.services import REPORTS_AT_ONCE, Given, Services
from service.domain.records import Search
from service.report.form import MEDIA_TYPES, Form
from service.report.forms import written
from service.report.html import policy
from service.report.report import Report
from service.report.source import Source
from service.storage.artifacts import Artifacts, ArtifactsError

CONFIG = "config.json"  # of an exported model, which says there where it comes from
MOST_BYTES = 16 << 20  # of that file
SANDBOX = "sandbox allow-scripts allow-downloads; frame-ancestors 'none'"
"""A report runs scripts of its own, so a browser lets it touch nothing of the origin it came from."""

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report, in the form that was asked for",
        "content": {
            media: {"schema": {"type": "object" if form is Form.JSON else "string"}}
            for form, media in MEDIA_TYPES.items()
        },
    }
}

router = APIRouter(prefix="/searches", tags=["searches"], responses=RESPONSES)

RETRY_SECONDS = 2

Wanted = Annotated[Form, Query(alias="format", description="html stands alone, md and tex have tables for a paper")]


@router.get("/{search_id}/report", response_class=Response, responses=ANSWERS)
def get_report(search_id: str, services: Given, form: Wanted = Form.HTML) -> Response:
    """What a search did, cost and found, with what its numbers do not show; of one that goes on, so far."""
    if not services.reports.acquire(blocking=False):
        detail = f"{REPORTS_AT_ONCE} reports are being made, as many as may be at once: ask again in a moment"
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(RETRY_SECONDS)})
    try:
        report = Report.of(source_of(services.store.searches.get(search_id), services))
        content = written(report, form)
    finally:
        services.reports.release()
    headers = {"Content-Disposition": f'inline; filename="report-{search_id}.{form}"'}
    if form is Form.HTML:
        headers["Content-Security-Policy"] = f"{policy()}; {SANDBOX}"
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)


def source_of(search: Search, services: Services) -> Source:
    """Everything that is stored about a search, and what this installation knows of its genomes."""
    known = Chromosomes.of(search, services)
    return Source(
        search=search,
        history=services.store.candidates.history(search.id),
        made_at=services.store.clock(),
        layers=() if known.space is None else [layer.name for layer in known.space.layers],
        sub_layers=() if known.space is None else [str(each) for each in known.space.sub_layers],
        decode=known.decode,
        affordable=known.affordable,
        provenance=provenance(services.exports, search),
    )


def provenance(exports: Artifacts, search: Search) -> Mapping[str, Any]:
    """What the exported model of a search says of itself; empty where there is none, or it cannot be read."""
    name = (search.result or {}).get("artifact")
    try:
        files = () if name is None else exports.files(search.id, name)
        config = next((each for each in files if each.name == CONFIG and each.size <= MOST_BYTES), None)
        said = None if config is None else json.loads(b"".join(exports.read(config)))
    except (ArtifactsError, ValueError, RecursionError):  # a report is worth having without it, and says so
        return {}
    found = said.get("provenance") if isinstance(said, dict) else None
    return found if isinstance(found, dict) else {}
