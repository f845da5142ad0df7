"""`twinsieve ls`, `watch`, `workers` and `cancel`."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.cli.client import DEFAULT_SERVER, Client, Server
from service.cli.completion import search_ids
from service.cli.output import AsJson, AsJsonLines, print_json
from service.cli.watch import follow
from service.domain.records import Status
from twinsieve.search_calls import at

MAX_WORKERS = 1024  # as in a spec
SearchId = Annotated[str, typer.Argument(metavar="ID", help="As `twinsieve ls` shows it.", autocompletion=search_ids)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("ls")(list_searches)
    app.command()(watch)
    app.command()(workers)
    app.command()(cancel)


def list_searches(
    status: Annotated[Status | None, typer.Option(help="Only searches of this status.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only searches of this owner.")] = None,
    label: Annotated[str | None, typer.Option(help="Only searches with this label.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 20,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """List searches, newest first."""
    with Client(server) as client:
        pages = client.pages("/searches", limit=limit, status=status, owner=owner, label=label)
        found = list(islice(pages, limit))
    if as_json:
        print_json(found)
        return
    columns = ("id", "name", "status", "candidates", "backbone", "task", "algorithm", "created", "owner", "labels")
    table = Table(*columns, box=None)
    for each in found:
        table.add_row(*_cells(each))
    Console().print(table)


def _cells(found: Mapping[str, Any]) -> Iterator[str]:
    yield from (found["id"], escape(found["name"]), found["status"], f"{found['told']} / {found['budget']}")
    yield from (found["backbone"], found["task"], found["algorithm"], found["created_at"][:19].replace("T", " "))
    yield from (found["owner"], escape(", ".join(found["labels"])))


def watch(search_id: SearchId, as_json: AsJsonLines = False, server: Server = DEFAULT_SERVER) -> None:
    """Show the progress of a search until it ends; exit code 1 unless it succeeded."""
    with Client(server) as client:
        follow(client, search_id, as_json=as_json)


def workers(
    search_id: SearchId,
    count: Annotated[int, typer.Argument(metavar="N", min=1, max=MAX_WORKERS, help="Worker slots.")],
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Give a queued or running search another number of workers; what they hold is finished first."""
    with Client(server) as client:
        view = client.patch(at(search_id), {"workers": count})
    wanted = view["workers"]
    say(f"{wanted} {'worker' if wanted == 1 else 'workers'} from now on", view, as_json=as_json)


def cancel(search_id: SearchId, as_json: AsJson = False, server: Server = DEFAULT_SERVER) -> None:
    """End a search; what was measured so far is kept."""
    with Client(server) as client:
        view = client.post(at(search_id, "/cancel"))
    how = "cancelled" if view["status"] == Status.CANCELLED else "it stops within a few seconds"
    say(how, view, as_json=as_json)


def say(line: str, view: Mapping[str, Any], *, as_json: bool) -> None:
    """What became of a search: a line for people, its whole state for programs."""
    if as_json:
        print_json(view)
    else:
        Console().print(line, soft_wrap=True)
