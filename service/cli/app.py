"""`main`: every command of `twinsieve`, and how their errors look."""

from collections.abc import Mapping, Sequence
from types import ModuleType

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text
from sqlalchemy.exc import ArgumentError, OperationalError

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
from service.domain.person import PeopleError
from service.domain.records import LeaseLostError
from service.people.keys import KeyNotFoundError
from service.storage.database import SchemaError
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
    help="Search which fine-grained layers and image patches a vision-language transformer needs.",
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


def main() -> None:
    """Run the command line; a user's error ends it with one red line and exit code 2."""
    try:
        app(prog_name=PROGRAM)
    except MISTAKES as error:
        _fail(str(error))
    except ValidationError as error:
        lines = [f"TWINSIEVE_{item['field'].upper()}: {item['message']}" for item in describe_errors(error)]
        _fail("; ".join(lines))
    except ArgumentError as error:
        _fail(f"TWINSIEVE_DATABASE_URL is no database address: {error}")
    except OperationalError as error:
        _fail(f"the database does not answer: {error.orig}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in WORKERS:
            raise
        _fail(f"this needs {error.name}, which is not installed: {INSTALL}")
    except OSError as error:
        if error.filename is None:  # no file or folder, so nobody chose it
            raise
        _fail(f"{error.filename}: {error.strerror}")


def _fail(message: str) -> None:
    Console(stderr=True).print(Text(f"error: {message}", style="red"), soft_wrap=True)
    raise SystemExit(MISTAKE)
