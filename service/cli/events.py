"""`twinsieve events` and `twinsieve journal`: what happens, and what happened."""

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.cli.client import DEFAULT_SERVER, Client, Server
from service.cli.completion import search_ids
from service.cli.exit_codes import INTERRUPTED
from service.cli.output import AsJson, AsJsonLines, print_json, print_json_line
from twinsieve.event import Event
from twinsieve.event_stream import EventStream
from twinsieve.search_calls import at

OptionalId = Annotated[
    str | None,
    typer.Argument(metavar="[ID]", help="A search; without it, state changes of all.", autocompletion=search_ids),
]
OfSearch = Annotated[
    str | None, typer.Option(metavar="ID", help="Of one search, oldest first.", autocompletion=search_ids)
]
AfterEvent = Annotated[str | None, typer.Option(metavar="EVENT", help="Go on behind this event.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(events)
    app.command()(journal)


def events(
    search_id: OptionalId = None,
    after: AfterEvent = None,
    as_json: AsJsonLines = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Show what happens to a search from its beginning to its end, or to all from now on; Ctrl-C leaves them alone."""
    with Client(server) as client:
        path = "/events" if search_id is None else at(search_id, "/events")
        followed = EventStream(client, path, last=after, to_the_end=search_id is not None)
        try:
            for event in followed:
                _say(event, of_all=search_id is None, as_json=as_json)
        except KeyboardInterrupt:
            whose = "" if search_id is None else f" {search_id}"
            typer.echo(f"go on with: twinsieve events{whose} --after {followed.last}", err=True)
            raise typer.Exit(INTERRUPTED) from None


def journal(
    search: OfSearch = None,
    owner: Annotated[str | None, typer.Option(help="Only what happened to what this owner has.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Show who did what: everything, newest first, which takes an admin's key; or what happened to one search."""
    with Client(server) as client:
        pages = client.pages("/journal", owner=owner) if search is None else client.pages(at(search, "/journal"))
        found = list(islice(pages, limit))
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(entries: Iterable[Mapping[str, Any]]) -> None:
    table = Table("id", "when", "who", "what", "search", "owner", "detail", box=None)
    for each in entries:
        detail = json.dumps(each["detail"]) if each["detail"] else ""
        cells = (each["actor"], each["action"], each["search_id"] or "", each["owner"] or "", detail)
        table.add_row(str(each["id"]), _when(each["at"]), *map(escape, cells))
    Console().print(table)


def _say(event: Event, *, of_all: bool, as_json: bool) -> None:
    if as_json:
        print_json_line({"event": event.name, "id": event.id, "data": event.data})
    elif (line := _line(event, of_all=of_all)) is not None:
        typer.echo(line)


def _line(event: Event, *, of_all: bool) -> str | None:
    """One event for people, who see the progress in the candidates."""
    data: Mapping[str, Any] = event.data
    if event.name == "state":
        which = f"{data['search_id']}  " if of_all else ""
        return f"{_when(data['at'])}  {which}{data['action']}  by {data['actor']}"
    if event.name == "candidate":
        return f"{_when(data['told_at'])}  candidate {data['index']}  {data['fidelity']}  {_outcome(data)}"
    return None


def _outcome(candidate: Mapping[str, Any]) -> str:
    measured: Mapping[str, float] | None = candidate["measurement"]
    if measured is None:
        return f"failed: {candidate['failure']}"
    reused = "  reused" if candidate["reused_from"] is not None else ""
    shown = [f"{name} {measured[name]:.6g}" for name in ("accuracy", "macs") if name in measured]
    return "  ".join(shown or ["measured"]) + reused


def _when(moment: str) -> str:
    return moment[:19].replace("T", " ")
