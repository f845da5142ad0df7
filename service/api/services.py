"""What the routes need, handed in by the composition root."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from models.folders import Folders
from models.registry import BackboneRegistry
from service.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The store behind the API, and what specs may name."""

    store: Store
    registry: BackboneRegistry
    folders: Folders
    artifacts: Path  # a folder per search
    version: str


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Given = Annotated[Services, Depends(_services)]
