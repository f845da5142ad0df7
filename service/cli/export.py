"""`twinsieve export`: the winner of a search as a folder."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn

from service.cli.client import DEFAULT_SERVER, Client, Server
from service.cli.searches import SearchId


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    search_id: SearchId,
    folder: Annotated[Path, typer.Argument(help="Where to put it; must not exist.")],
    server: Server = DEFAULT_SERVER,
) -> None:
    """Download the slim model that a search chose."""
    with Client(server) as client:
        fetch_model(client, search_id, folder)
    typer.echo(f"{folder}: try it with  twinsieve predict {folder} --image IMAGE --question TEXT")


def fetch_model(client: Client, search_id: str, folder: Path) -> None:
    """Download the winner of a search to a new folder, which appears whole or not at all, with a bar.

    Raises:
        DownloadError: the folder exists.
        ProblemError: there is no model to be had.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("downloading", total=None)
        client.search(search_id).download(folder, told=lambda here: progress.update(bar, completed=here))
