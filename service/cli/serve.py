"""`twinsieve serve`: API, dispatcher and a local Ray in one command."""

from pathlib import Path
from typing import Annotated

import typer

from service.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen; beyond loopback only with API keys.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0: any free one.")] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Database, artifacts and logs.")] = None,
    dispatcher: Annotated[bool, typer.Option(help="Also claim and run searches here.")] = True,
) -> None:
    """Serve the API and run what is submitted; Ctrl-C ends everything, and a search goes on at the next start."""
    from service.cli.serving import run  # the API takes a second to load, which no other command should

    given = {"host": host, "port": port, "state_dir": state_dir}
    settings = Settings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
    run(settings, dispatcher=dispatcher)
