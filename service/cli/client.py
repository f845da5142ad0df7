"""`Client`: the client of the service as the command line uses it."""

import warnings
from typing import Annotated

import typer

import twinsieve
from twinsieve.connection import DEFAULT_SERVER, SERVER_VARIABLE
from twinsieve.retries import Retries

__all__ = ["DEFAULT_SERVER", "Client", "Server"]

Server = Annotated[str, typer.Option(envvar=SERVER_VARIABLE, help="Address of the service.")]
QUICK = Retries(attempts=3, first_seconds=0.2)
"""Who mistyped an address learns it at once."""


class Client(twinsieve.Client):
    """Talks to one server, with the key in the environment if there is one and `keyed`; says warnings on stderr."""

    def __init__(self, server: str, *, keyed: bool = True) -> None:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            super().__init__(server, key=None if keyed else "", retries=QUICK)
        for each in warned:
            typer.echo(f"warning: {each.message}", err=True)
