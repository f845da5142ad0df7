"""`main`: every command of `twinsieve`, and how their errors look."""

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
    keys,
    merge,
    models_commands,
    patches,
    processes,
    quotas,
    rank,
    recipes,
    search_changes,
    searches,
    serve,
    show,
    submit,
    webhooks,
)
from service.cli.errors import UserError
from service.people.keys import KeyNotFoundError
from service.people.person import PeopleError
from service.searches.records import LeaseLostError
from service.storage.database import SchemaError

app = typer.Typer(
    name="twinsieve",
    help="Search which fine-grained layers and image patches a vision-language transformer needs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for module in (
    data,
    demo,
    serve,
    submit,
    searches,
    search_changes,
    show,
    events,
    export,
    keys,
    merge,
    models_commands,
    patches,
    processes,
    quotas,
    rank,
    recipes,
    webhooks,
):
    module.register(app)


def main() -> None:
    """Run the command line; a user's error ends it with one red line and exit code 2."""
    try:
        app()
    except (UserError, SpecError, SchemaError, RunnerError, LeaseLostError, PeopleError, KeyNotFoundError) as error:
        _fail(str(error))
    except ValidationError as error:
        lines = [f"TWINSIEVE_{item['field'].upper()}: {item['message']}" for item in describe_errors(error)]
        _fail("; ".join(lines))
    except ArgumentError as error:
        _fail(f"TWINSIEVE_DATABASE_URL is no database address: {error}")
    except OperationalError as error:
        _fail(f"the database does not answer: {error.orig}")


def _fail(message: str) -> None:
    Console(stderr=True).print(Text(f"error: {message}", style="red"), soft_wrap=True)
    raise SystemExit(2)
