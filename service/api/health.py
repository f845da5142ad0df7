"""Routes for whoever keeps the process running: it lives; it can work."""

from fastapi import APIRouter

from service.api.problems import RESPONSES
from service.api.schemas import Health
from service.api.services import Given
from service.database import require_current

router = APIRouter(tags=["health"], responses=RESPONSES)


@router.get("/healthz")
def healthz() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz")
def readyz(services: Given) -> Health:
    """The database answers and has the schema of this version."""
    require_current(services.store.engine)
    return Health()
