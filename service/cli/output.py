"""How commands print data for programs: the option `--json`."""

from typing import Annotated

import typer
from pydantic_core import to_json

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
AsJsonLines = Annotated[bool, typer.Option("--json", help="Print a JSON object per line, for programs.")]


def print_json(data: object) -> None:
    """Data as JSON; times as ISO 8601."""
    typer.echo(to_json(data, indent=1).decode())


def print_json_line(data: object) -> None:
    """Data as one line of JSON, which is there at once also where a pipe reads it."""
    typer.echo(to_json(data).decode())
