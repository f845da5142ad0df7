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
from service.cli.event_stream import Followed, ServerEvent
from service.events.journal import ENDS

OptionalId = Annotated[str | None, typer.Argument(metavar="[ID]", help="A search; without it, state changes of all.")]
AfterEvent = Annotated[str | None, typer.Option(metavar="EVENT", help="Go on behind this event.")]
AsJson = Annotated[bool, typer.Option("--json", help="A JSON object per line: event, id and data.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(events)
    app.command()(journal)


def events(
    search_id: OptionalId = None, after: AfterEvent = None, as_json: AsJson = False, server: Server = DEFAULT_SERVER
) -> None:
    """Show what happens to a search from its beginning to its end, or to all from now on; Ctrl-C leaves them alone."""
    with Client(server) as client:
        followed = Followed(client, "/events" if search_id is None else f"/searches/{search_id}/events", last=after)
        try:
            for event in followed:
                if (line := _as_json(event) if as_json else _line(event, of_all=search_id is None)) is not None:
                    typer.echo(line)
                if search_id is not None and event.name == "state" and event.data["action"] in ENDS:
                    return
        except KeyboardInterrupt:
            whose = "" if search_id is None else f" {search_id}"
            typer.echo(f"go on with: twinsieve events{whose} --after {followed.last}", err=True)


def journal(
    search: Annotated[str | None, typer.Option(metavar="ID", help="Of one search, oldest first.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only what happened to what this owner has.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Show who did what: everything, newest first, which takes an admin's key; or what happened to one search."""
    with Client(server) as client:
        pages = client.pages("/journal", owner=owner) if search is None else client.pages(f"/searches/{search}/journal")
        _print(islice(pages, limit))


def _print(entries: Iterable[Mapping[str, Any]]) -> None:
    table = Table("id", "when", "who", "what", "search", "owner", "detail", box=None)
    for each in entries:
        detail = json.dumps(each["detail"]) if each["detail"] else ""
        cells = (each["actor"], each["action"], each["search_id"] or "", each["owner"] or "", detail)
        table.add_row(str(each["id"]), _when(each["at"]), *map(escape, cells))
    Console().print(table)


def _line(event: ServerEvent, *, of_all: bool) -> str | None:
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


def _as_json(event: ServerEvent) -> str:
    return json.dumps({"event": event.name, "id": event.id, "data": event.data})


def _when(at: str) -> str:
    return at[:19].replace("T", " ")
