"""The route that Prometheus reads."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.api.auth import Looks
from service.api.problems import RESPONSES
from service.observing.metrics import ApiMetrics

router = APIRouter(tags=["health"], responses=RESPONSES)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request, _caller: Looks) -> Response:
    """Numbers of this process and of the database behind it, in the text format of Prometheus."""
    kept: ApiMetrics = request.app.state.metrics
    return Response(generate_latest(kept.registry), media_type=CONTENT_TYPE_LATEST)
