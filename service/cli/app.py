"""`main`: every command of `twinsieve`, and how their errors look.

What takes long to load (SQLAlchemy, FastAPI, torch, Ray) is imported by the commands that need it, as they run.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from types import ModuleType
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from search.contracts import RunnerError
from search.spec import SpecError, describe_errors
from service.cli import (
    data,
    demo,
    events,
    export,
    import_model,
    keys,
    merge,
    models_commands,
    onnx,
    patches,
    plugins,
    processes,
    quotas,
    rank,
    recipes,
    report,
    search_changes,
    searches,
    serve,
    show,
    submit,
    to_transformers,
    webhooks,
)
from service.cli.errors import UserError
from service.cli.exit_codes import EPILOG, MISTAKE
from service.domain.person import KeyNotFoundError, PeopleError
from service.domain.records import LeaseLostError
from service.storage.schema_error import SchemaError
from twinsieve.errors import TwinsieveError
from twinsieve.loading import INSTALL

PROGRAM = "twinsieve"
MISTAKES = (
    *(UserError, TwinsieveError, SpecError, SchemaError, RunnerError),
    *(LeaseLostError, PeopleError, KeyNotFoundError),
)
WORKERS = frozenset({"PIL", "ray", "safetensors", "sklearn", "threadpoolctl", "tokenizers", "torch", "transformers"})
"""What the extra `workers` installs, as it is imported."""

app = typer.Typer(
    name=PROGRAM,
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
PANELS: Mapping[str, Sequence[ModuleType]] = {
    "Searches": (demo, submit, searches, search_changes, show, report, events),
    "Models": (export, models_commands, merge, to_transformers, onnx, import_model),
    "Data and methods": (data, patches, rank, recipes, plugins),
    "The service": (serve, processes, keys, quotas, webhooks),
}


def _register(panel: str, modules: Sequence[ModuleType]) -> None:
    """Add the commands of `modules` below the heading `panel`."""
    commands, groups = len(app.registered_commands), len(app.registered_groups)
    for module in modules:
        module.register(app)
    for command in app.registered_commands[commands:]:
        command.rich_help_panel = panel
    for group in app.registered_groups[groups:]:
        group.rich_help_panel = panel


for _panel, _modules in PANELS.items():
    _register(_panel, _modules)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version, and end.")
    ] = False,
) -> None:
    """Search which fine-grained layers and image patches a vision-language transformer needs."""


def main() -> None:
    """Run the command line; a user's error ends it with one red line and exit code 2."""
    try:
        app(prog_name=PROGRAM)
    except MISTAKES as error:
        _fail(str(error))
    except ValidationError as error:
        lines = [f"TWINSIEVE_{item['field'].upper()}: {item['message']}" for item in describe_errors(error)]
        _fail("; ".join(lines))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in WORKERS:
            raise
        _fail(f"this needs {error.name}, which is not installed: {INSTALL}")
    except OSError as error:
        if error.filename is None:  # no file or folder, so nobody chose it
            raise
        _fail(f"{error.filename}: {error.strerror}")
    except Exception as error:
        if (message := _of_database(error)) is None:
            raise
        _fail(message)


def _of_database(error: Exception) -> str | None:
    """What to say of a database that cannot be used; None of anything else."""
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import ArgumentError, OperationalError

    if isinstance(error, ArgumentError):
        return f"TWINSIEVE_DATABASE_URL is no database address: {error}"
    return f"the database does not answer: {error.orig}" if isinstance(error, OperationalError) else None


def _fail(message: str) -> None:
    Console(stderr=True).print(Text(f"error: {message}", style="red"), soft_wrap=True)
    raise SystemExit(MISTAKE)
