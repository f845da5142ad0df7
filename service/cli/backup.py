"""`twinsieve db backup` and `db restore`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.cli.errors import UserError
from service.settings import Settings
from service.storage.backup_file import BackupError
from service.storage.clock import utc_now

if TYPE_CHECKING:
    from service.storage.backup import Told

File = Annotated[Path, typer.Argument(dir_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(file: File) -> None:
    """Write the whole database to a new FILE, while the service runs; what searches exported is no part of it."""
    from service.cli.composition import VERSION
    from service.storage.backup import backup as write
    from service.storage.database import connect

    with _watched("rows written") as told:
        rows = write(connect(Settings().database), file, version=VERSION, at=utc_now(), told=told)
    typer.echo(f"{rows} rows are in {file}")


def restore(file: File) -> None:
    """Fill an empty database, of either kind, from FILE."""
    from service.storage.backup import restore as read
    from service.storage.database import connect

    with _watched("rows read") as told:
        rows = read(connect(Settings().database), file, told=told)
    typer.echo(f"{rows} rows are restored")


@contextmanager
def _watched(what: str) -> "Iterator[Told]":
    """A bar, where somebody looks; errors of backups as a user's."""
    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        try:
            yield lambda done, of: progress.update(task, completed=done, total=of)
        except BackupError as error:
            raise UserError(str(error)) from None
