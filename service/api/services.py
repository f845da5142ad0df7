"""What the routes need, handed in by the composition root."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import Depends, Request

from models.folders import Folders
from models.registry import BackboneRegistry
from service.api.queue_place import RunningSlots
from service.api.streams import Streams
from service.searches.store import Store
from service.settings import Settings
from service.storage.artifacts import Artifacts

REPORTS_AT_ONCE = 2  # that one process makes: each reads a whole history, in one of its few threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The store behind the API, what specs may name, and what the installation sets."""

    store: Store
    registry: BackboneRegistry
    folders: Folders
    artifacts: Path  # a folder per search
    version: str
    settings: Settings = field(default_factory=Settings)
    streams: Streams = field(default_factory=Streams)
    slots: RunningSlots = field(default_factory=RunningSlots)
    reports: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(REPORTS_AT_ONCE))

    @property
    def exports(self) -> Artifacts:
        """Where clients get exported models from: a bucket, or `artifacts` itself."""
        return Artifacts(self.settings.artifacts_url or self.artifacts)


async def _services(request: Request) -> Services:  # a thread would be found for one that is not async
    services: Services = request.app.state.services
    return services


Given = Annotated[Services, Depends(_services)]
