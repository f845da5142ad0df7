"""`create_app`: the REST API. It imports neither torch nor Ray, so it starts in a second and runs anywhere."""

from typing import Any

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from service.api import (
    activity,
    catalogue,
    events,
    health,
    journal,
    keys,
    log_tail,
    metrics,
    outlook,
    page,
    patch_view,
    points,
    problems,
    quotas,
    report,
    searches,
    webhooks,
)
from service.api.auth import looking
from service.api.document import put_right
from service.api.limits import BodyLimit, CrowdLimit, RateLimit, few_threads
from service.api.security_headers import SecurityHeaders
from service.api.services import Services
from service.api.watch import Watch
from service.limits import RateLimiter
from service.observing.census import Census
from service.observing.metrics import ApiMetrics
from service.observing.readiness import Readiness

PARTS = (
    *(searches, outlook, points, activity, log_tail, patch_view, report),
    *(catalogue, keys, quotas, events, journal, webhooks),
)
"""The modules with the routes of /v1."""


def create_app(services: Services) -> FastAPI:
    """The application over `services`; it keeps nothing but numbers about itself, so any number of them may run."""
    app = _Guarded(services, title="Twinsieve", version=services.version, lifespan=few_threads)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.router.routes.extend(page.ROUTES)
    for part in PARTS:
        # so that a new route, too, is for callers only
        app.include_router(part.router, prefix="/v1", dependencies=[Depends(looking)])
    problems.install(app)
    return app


class _Guarded(FastAPI):
    """With layers of ours around all that FastAPI does, so that they see every answer, those to our errors too."""

    def __init__(self, services: Services, **named: Any) -> None:  # noqa: ANN401 - FastAPI's, passed on
        super().__init__(**named)
        settings = services.settings
        folder = None if settings.artifacts_url is not None else services.artifacts
        self.state.services = services
        self.state.metrics = ApiMetrics(Census(services.store.engine, services.store.clock))
        self.state.readiness = Readiness(
            services.store.engine,
            folder,
            min_free_bytes=settings.min_free_disk_bytes,
            require_bucket=lambda: services.exports.require_writable(),
        )

    def openapi(self) -> dict[str, Any]:
        """The document of the whole API."""
        if self.openapi_schema is None:
            self.openapi_schema = put_right(super().openapi())
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        """FastAPI's layers inside ours; each request comes in from the bottom up."""
        settings = self.state.services.settings
        app: ASGIApp = CrowdLimit(super().build_middleware_stack())
        if settings.rate_per_minute is not None:
            app = RateLimit(app, limiter=RateLimiter(settings.rate_per_minute))
        app = BodyLimit(app, max_bytes=settings.max_body_bytes)
        app = SecurityHeaders(app, docs=frozenset(filter(None, (self.docs_url, self.redoc_url))))
        return Watch(app, metrics=self.state.metrics)
