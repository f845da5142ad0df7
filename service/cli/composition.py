"""The composition root: the only place that knows every part and puts them together."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from models.registry import BackboneEntry, BackboneRegistry
from search.build import build_algorithm, build_space
from search.contracts import Runner
from search.space import SearchSpace
from search.spec import SearchSpec, SpecError
from service.api.services import Services
from service.cli.errors import UserError
from service.domain.records import Hold, Lease, SearchNotFoundError, Status
from service.driving.dispatcher import Dispatcher
from service.driving.dispatcher_metrics import DispatcherMetrics
from service.driving.driver import DecidingAlgorithm, Parts, Slots
from service.driving.driver_process import Driver, DriverProcess
from service.driving.old_searches import artifacts_deleted
from service.driving.retention import Retention
from service.events.addresses import Addresses
from service.events.counted_deliveries import CountedDeliveries
from service.events.signature import installation_secret
from service.events.webhook_delivery import WebhookDelivery
from service.searches.measure_key import MeasureKeys
from service.searches.origin import origin
from service.searches.reuse import Key
from service.searches.store import Store
from service.settings import Settings
from service.storage.artifacts import Artifacts
from service.storage.database import connect, reading, require_current, upgrade
from service.storage.lost_connections import repeated
from service.tracking.opening import following

if TYPE_CHECKING:
    from workers.scoring_job import ScoringJob

VERSION = version("twinsieve")
PATIENCE_SECONDS = 5.0  # with a database that is away, of whoever waits for an answer
DRIVER_PATIENCE_SECONDS = 120.0  # whose workers have work to lose; longer than a server takes to start again


def open_store(settings: Settings, *, patience_seconds: float = PATIENCE_SECONDS) -> Store:
    """The store of an installation; our own SQLite file is brought up to date, another database is only checked.

    Raises:
        SchemaError: the database has another schema.
    """
    engine = connect(settings.database)
    repeated(upgrade if settings.embedded_database else require_current, seconds=patience_seconds)(engine)
    return Store.on(
        engine,
        lease_seconds=settings.lease_seconds,
        max_attempts=settings.max_attempts,
        start_seconds=settings.start_seconds,
        quota=settings.quota,
        patience_seconds=patience_seconds,
    )


def api_services(settings: Settings) -> Services:
    """What the API needs."""
    return _services(settings, open_store(settings))


def _services(settings: Settings, store: Store) -> Services:
    return Services(
        store=store,
        registry=BackboneRegistry(settings.backbones),
        folders=settings.folders,
        artifacts=settings.artifacts,
        version=VERSION,
        settings=settings,
    )


@contextmanager
def dispatcher_metrics(settings: Settings) -> Iterator[DispatcherMetrics]:
    """The numbers of this process's dispatcher, to be read over HTTP where a port for it is set."""
    metrics = DispatcherMetrics()
    with ExitStack() as stack:
        if settings.metrics_port is not None:
            try:
                stack.enter_context(metrics.served(settings.metrics_host, settings.metrics_port))
            except OSError as error:
                where = f"{settings.metrics_host}:{settings.metrics_port}"
                hint = "set another TWINSIEVE_METRICS_PORT"
                raise UserError(f"cannot listen on {where}: {error.strerror}; {hint}") from None
        yield metrics


def dispatcher(settings: Settings, *, ray_address: str, own_ray: bool, metrics: DispatcherMetrics) -> Dispatcher:
    """A dispatcher of driver processes; with a Ray of our own they end with us, else they outlive a crash of ours."""
    environment = child_environment(settings.model_copy(update={"ray_address": ray_address}))
    store = open_store(settings)
    leases = store.leases

    def spawn(lease: Lease) -> Driver:
        log = settings.logs / f"driver-{lease.search_id}.log"
        driver = DriverProcess(lease, log=log, environment=environment, parent=os.getpid() if own_ray else None)
        return metrics.watched(driver, lambda: _driven_by_another(store, lease))

    return Dispatcher(
        leases,
        spawn,
        max_running=settings.max_running,
        poll_seconds=settings.poll_seconds,
        chores={
            "webhooks": webhook_delivery(settings, store, metrics).run,
            "retention": retention(settings, store).run,
        },
    )


def webhook_delivery(settings: Settings, store: Store, metrics: DispatcherMetrics) -> WebhookDelivery:
    """What tells others of what happened."""
    addresses = Addresses(private=settings.webhook_private)
    deliveries = CountedDeliveries(store.engine, counter=metrics.deliveries)
    return WebhookDelivery(deliveries, secret=installation_secret(settings), addresses=addresses)


def retention(settings: Settings, store: Store) -> Retention:
    """What deletes what is old."""
    days = settings.keep_artifacts_days
    return Retention(
        store=store,
        exports=Artifacts(settings.artifacts_url or settings.artifacts),
        scratch=settings.artifacts,
        copied=settings.artifacts_url is not None,
        keep=None if days is None else timedelta(days=days),
    )


def _driven_by_another(store: Store, lease: Lease) -> bool:
    """Whether somebody else claimed the search before the driver of `lease` was done with it."""
    try:
        return store.leases.hold(lease) is Hold.LOST and store.searches.get(lease.search_id).status is Status.RUNNING
    except SearchNotFoundError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class RayCluster:
    """Where searches run; `lost` says whether a cluster of our own has ended by itself."""

    address: str
    own: bool
    lost: Callable[[], bool]


@contextmanager
def ray_cluster(settings: Settings) -> Iterator[RayCluster]:
    """The configured cluster, or a local one which lives as long as the block."""
    _show_ray_token(settings)
    if settings.ray_address is not None:
        yield RayCluster(address=settings.ray_address, own=False, lost=lambda: False)
        return
    from workers.cluster import embedded_cluster

    with embedded_cluster(os.cpu_count() or 1, settings.logs) as cluster:
        yield RayCluster(address=cluster.address, own=True, lost=cluster.lost)


def driver_parts(settings: Settings, search_id: str) -> Parts:
    """What drives one search."""
    _show_ray_token(settings)
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
        from workers.scoring_job import ScoringJob

        return ScoringJob(spec, entry(spec), artifacts, settings.folders)

    exports = Artifacts(settings.artifacts_url or settings.artifacts)

    def published(artifact: str) -> None:
        exports.publish(search_id, artifacts, only=[artifact.partition("/")[0]])

    def reported() -> None:
        from service.api.report import source_of
        from service.report.leaving import leave
        from service.report.report import Report

        def made() -> Report:
            return Report.of(source_of(store.searches.get(search_id), _services(settings, store)))

        leave(made, artifacts=artifacts, publish=published)
        with reading(store.engine) as session:
            if artifacts_deleted(session, search_id):  # while it was written: the search had ended by then
                exports.delete(search_id)

    store = open_store(settings, patience_seconds=DRIVER_PATIENCE_SECONDS)
    return Parts(
        store=store,
        algorithm=algorithm,
        runner=lambda spec, slots: _runner(job(spec), slots, settings=settings),
        keys=keys,
        artifacts=artifacts,
        exported=lambda spec, winner: job(spec).model_folder(winner.genome),
        published=published,
        reported=reported,
        version=VERSION,
        renew_seconds=settings.lease_seconds / 3,
        poll_seconds=settings.poll_seconds,
        followers=following(settings, store, artifacts),
    )


def child_environment(settings: Settings) -> dict[str, str]:
    """`settings` for a child process, whatever of them came from the command line."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return {f"TWINSIEVE_{name.upper()}": str(value) for name, value in values.items()}


def _show_ray_token(settings: Settings) -> None:
    from workers.ray_token import show_token

    show_token(os.environ, token=settings.ray_token, file=settings.ray_token_file)


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
