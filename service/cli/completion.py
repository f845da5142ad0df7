"""What the shell offers for an id: the newest searches of the service."""

import warnings

import typer

from twinsieve.client import Client
from twinsieve.errors import TwinsieveError
from twinsieve.retries import ONCE

SHOWN = 50
TIMEOUT_SECONDS = 2.0  # of somebody who waits for a key to do something


def search_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Ids that begin with `incomplete`, with name and state; none where the service does not answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no place to say anything
        try:
            with Client(context.params.get("server"), retries=ONCE, timeout_seconds=TIMEOUT_SECONDS) as client:
                found = client.get("/searches", limit=SHOWN)["items"]
        except TwinsieveError:
            return []
    shown = [each for each in found if each["id"].startswith(incomplete)]
    return [(each["id"], f"{each['name']}, {each['status']}") for each in shown]
