"""`twinsieve report`: what a search leaves, as a file to read, print or cite from."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.client import DEFAULT_SERVER, Client, Server
from service.cli.errors import UserError
from service.cli.searches import SearchId
from service.report.form import Form

TERMINAL = Path("-")
FORM = "html: one page, for a browser; md and tex: tables for a paper; json: the facts."
OUTPUT = "The file to write; - is the terminal. By default HTML goes to report-ID.html, the rest to the terminal."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)


def report(
    search_id: SearchId,
    form: Annotated[Form, typer.Option("--format", help=FORM)] = Form.HTML,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=OUTPUT)] = None,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Write the report of a search: settings, cost, winners against baselines, plots, limits."""
    with Client(server) as client:
        written = client.search(search_id).report(form)
    target = output or (Path(f"report-{search_id}.html") if form is Form.HTML else TERMINAL)
    if target == TERMINAL:
        typer.echo(written, nl=False)
        return
    try:
        target.write_bytes(written.encode())
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}; give another --output") from None
    typer.echo(f"{target}: {'open it in a browser' if form is Form.HTML else 'written'}")
