"""The processes behind the API: `twinsieve dispatch`, the hidden `drive`, and the commands of the database."""

import os
import signal
import threading
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from service.cli import backup
from service.cli.errors import UserError
from service.observing import logs
from service.settings import Settings

Parent = Annotated[int | None, typer.Option(hidden=True, help="End when this process, which started us, ends.")]

database = typer.Typer(no_args_is_help=True, help="The database.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(dispatch)
    app.command(hidden=True)(drive)
    backup.register(database)
    app.add_typer(database, name="db")


def dispatch(parent: Parent = None) -> None:
    """Claim searches and run a driver for each; without TWINSIEVE_RAY_ADDRESS, on a local Ray cluster."""
    from service.cli import composition

    settings, stop = Settings(), threading.Event()
    _begin(parent)
    logs.configure("dispatcher", form=settings.log)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with composition.dispatcher_metrics(settings) as metrics:
        while not stop.is_set():  # a Ray of our own that died is started again
            with composition.ray_cluster(settings) as cluster:
                dispatcher = composition.dispatcher(
                    settings, ray_address=cluster.address, own_ray=cluster.own, metrics=metrics
                )
                dispatcher.run(stop, lost=cluster.lost)


def drive(search_id: str, parent: Parent = None) -> None:
    """Drive one search under the lease whose token is in the environment."""
    from service.cli import composition
    from service.driving.driver import drive as drive_search
    from service.driving.driver_process import TOKEN_VARIABLE

    signal.signal(signal.SIGTERM, _stop)
    _begin(parent)
    logs.configure("driver", form=Settings().log, search_id=search_id)
    token = os.environ.pop(TOKEN_VARIABLE, None)
    if token is None:
        raise UserError(f"{TOKEN_VARIABLE} is not set: a dispatcher starts this command, not a person")
    parts = composition.driver_parts(Settings(), search_id)
    drive_search(parts.store.leases.resume(search_id, token), parts)


@database.command("upgrade")
def upgrade_database() -> None:
    """Bring the database to the schema of this version."""
    from service.storage.database import connect, upgrade

    with Console(stderr=True).status("bringing the database up to date"):
        upgrade(connect(Settings().database))
    typer.echo("the database is up to date")


def _begin(parent: int | None) -> None:
    if parent is not None:
        from workers.parent_death import end_with_parent

        end_with_parent(parent)


def _stop(number: int, _frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # once is enough, and letting go must not be interrupted
    raise SystemExit(128 + number)
