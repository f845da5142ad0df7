"""The composition root: the only place that knows every part and puts them together."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from models.registry import BackboneEntry, BackboneRegistry
from search.build import build_algorithm, build_space
from search.contracts import Runner
from search.space import SearchSpace
from search.spec import SearchSpec, SpecError
from service.api.services import Services
from service.database import connect, require_current, upgrade
from service.dispatcher import Dispatcher
from service.driver import DecidingAlgorithm, Parts, Slots
from service.driver_process import DriverProcess
from service.measure_key import MeasureKeys
from service.origin import origin
from service.records import Lease
from service.reuse import Key
from service.settings import Settings
from service.store import Store

if TYPE_CHECKING:
    from workers.scorer import ScoringJob

VERSION = version("twinsieve")


def open_store(settings: Settings) -> Store:
    """The store of an installation; our own SQLite file is brought up to date, another database is only checked.

    Raises:
        SchemaError: the database has another schema.
    """
    engine = connect(settings.database)
    (upgrade if settings.embedded_database else require_current)(engine)
    return Store.on(engine, lease_seconds=settings.lease_seconds, max_attempts=settings.max_attempts)


def api_services(settings: Settings) -> Services:
    """What the API needs."""
    return Services(
        store=open_store(settings),
        registry=BackboneRegistry(settings.backbones),
        folders=settings.folders,
        artifacts=settings.artifacts,
        version=VERSION,
    )


def dispatcher(settings: Settings, *, ray_address: str, own_ray: bool) -> Dispatcher:
    """A dispatcher of driver processes; with a Ray of our own they end with us, else they outlive a crash of ours."""
    environment = child_environment(settings.model_copy(update={"ray_address": ray_address}))

    def spawn(lease: Lease) -> DriverProcess:
        log = settings.logs / f"driver-{lease.search_id}.log"
        return DriverProcess(lease, log=log, environment=environment, parent=os.getpid() if own_ray else None)

    leases = open_store(settings).leases
    return Dispatcher(leases, spawn, max_running=settings.max_running, poll_seconds=settings.poll_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class RayCluster:
    """Where searches run; `lost` says whether a cluster of our own has ended by itself."""

    address: str
    own: bool
    lost: Callable[[], bool]


@contextmanager
def ray_cluster(settings: Settings) -> Iterator[RayCluster]:
    """The configured cluster, or a local one which lives as long as the block."""
    if settings.ray_address is not None:
        yield RayCluster(address=settings.ray_address, own=False, lost=lambda: False)
        return
    from workers.cluster import embedded_cluster

    with embedded_cluster(os.cpu_count() or 1, settings.logs) as cluster:
        yield RayCluster(address=cluster.address, own=True, lost=cluster.lost)


def driver_parts(settings: Settings, search_id: str) -> Parts:
    """What drives one search."""
    registry, artifacts = BackboneRegistry(settings.backbones), settings.artifacts / search_id

    def entry(spec: SearchSpec) -> BackboneEntry:
        try:
            return registry.get(spec.backbone)
        except ValueError as error:
            raise SpecError(f"backbone: {error}") from None

    def space(spec: SearchSpec) -> SearchSpace:
        try:
            return build_space(spec, entry(spec), settings.folders)
        except ValueError as error:  # a folder that has gone, or changed, since the search was submitted
            raise SpecError(str(error)) from None

    def algorithm(spec: SearchSpec) -> DecidingAlgorithm:
        return build_algorithm(spec, space(spec))

    def keys(spec: SearchSpec) -> Key:
        try:
            return MeasureKeys(spec, space(spec).decode, origin(spec, entry(spec), settings.folders)).of
        except ValueError as error:
            raise SpecError(str(error)) from None

    def job(spec: SearchSpec) -> "ScoringJob":
        from workers.scorer import ScoringJob

        return ScoringJob(spec, entry(spec), artifacts, settings.folders)

    return Parts(
        store=open_store(settings),
        algorithm=algorithm,
        runner=lambda spec, slots: _runner(job(spec), slots, settings=settings),
        keys=keys,
        artifacts=artifacts,
        exported=lambda spec, winner: job(spec).model_folder(winner.genome),
        version=VERSION,
        renew_seconds=settings.lease_seconds / 3,
        poll_seconds=settings.poll_seconds,
    )


def child_environment(settings: Settings) -> dict[str, str]:
    """`settings` for a child process, whatever of them came from the command line."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return {f"TWINSIEVE_{name.upper()}": str(value) for name, value in values.items()}


def _runner(job: "ScoringJob", slots: Slots, *, settings: Settings) -> Runner:
    from workers.tune_runner import TuneRunner

    return TuneRunner(
        job,
        address=settings.ray_address or "",
        cpus=settings.worker_cpus,
        gpus=settings.worker_gpus,
        slots=slots,
        patience=settings.node_patience_seconds,
    )
