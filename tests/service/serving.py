"""The API as clients meet it: over HTTP, on a free port of this machine."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from models.folders import Folders
from models.registry import FORMAT, BackboneRegistry
from models.vilt_config import ViltConfig
from service.api.app import create_app
from service.api.connections import PatientProtocol, create_server
from service.api.services import Services
from service.searches.store import Store

CONFIG = ViltConfig(hidden_size=16, heads=2, blocks=4, ffn_size=32, image_size=64)


def write_backbone(root: Path, name: str = "tiny", *, config: ViltConfig = CONFIG) -> None:
    """A registered backbone, of 8 sub-layers unless told otherwise; its weights are never read here."""
    (root / name).mkdir(parents=True)
    data = {"format": FORMAT, "backbone": config.to_json(), "answers": ["red", "blue"]}
    (root / name / "config.json").write_text(json.dumps(data))


def services_on(store: Store, folder: Path) -> Services:
    """Services with one backbone, `tiny`, and artifacts under `folder`."""
    write_backbone(folder / "backbones")
    registry = BackboneRegistry(folder / "backbones")
    folders = Folders(data=folder / "data", foregrounds=folder / "foregrounds")
    artifacts = folder / "artifacts"
    return Services(store=store, registry=registry, folders=folders, artifacts=artifacts, version="1.2.3")


@contextmanager
def serving(services: Services, *, protocol: type[PatientProtocol] = PatientProtocol) -> Iterator[str]:
    """The address of a running server of the API."""
    with running(create_server(create_app(services), services.streams, protocol=protocol)) as address:
        yield address


@contextmanager
def running(server: uvicorn.Server) -> Iterator[str]:
    """The address of a server, which runs in a thread of its own as long as the block lasts."""
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
