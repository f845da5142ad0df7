"""`create_app`: the REST API. It imports neither torch nor Ray, so it starts in a second and runs anywhere."""

from fastapi import FastAPI

from service.api import catalogue, health, problems, searches
from service.api.services import Services


def create_app(services: Services) -> FastAPI:
    """The application over `services`; it keeps no state of its own, so any number of them may run."""
    app = FastAPI(title="Twinsieve", version=services.version)
    app.state.services = services
    app.include_router(health.router)
    app.include_router(searches.router, prefix="/v1")
    app.include_router(catalogue.router, prefix="/v1")
    problems.install(app)
    return app
