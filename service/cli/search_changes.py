"""`twinsieve pause`, `resume`, `extend`, `clone`, `change` and `delete`."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from service.cli.client import DEFAULT_SERVER, Client, Server
from service.cli.errors import UserError
from service.cli.output import AsJson
from service.cli.searches import MAX_WORKERS, SearchId, say
from service.cli.submit import Key, Label, Priority, put_in, queued
from service.domain.records import Status
from twinsieve.call import new_key
from twinsieve.search_calls import at


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (pause, resume, extend, clone, change, delete):
        app.command()(command)


def pause(search_id: SearchId, as_json: AsJson = False, server: Server = DEFAULT_SERVER) -> None:
    """Stop a search until somebody resumes it; what was measured so far is kept."""
    with Client(server) as client:
        view = client.post(at(search_id, "/pause"))
    how = "paused" if view["status"] == Status.PAUSED else "it stops within a few seconds"
    say(f"{how}; go on with it: twinsieve resume {search_id}", view, as_json=as_json)


def resume(search_id: SearchId, as_json: AsJson = False, server: Server = DEFAULT_SERVER) -> None:
    """Go on with a paused search."""
    with Client(server) as client:
        view = client.post(at(search_id, "/resume"))
    how = f"queued; {view['queue_position']} ahead" if view["status"] == Status.QUEUED else "it goes on"
    say(how, view, as_json=as_json)


def extend(
    search_id: SearchId,
    candidates: Annotated[int, typer.Argument(metavar="N", min=1, help="Proxy candidates, those before included.")],
    key: Key = None,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Give an ended search more candidates: a new search, which takes over what the old one measured."""
    with Client(server) as client:
        body = {"candidates": candidates}
        queued(client.post(at(search_id, "/extend"), body, key=key or new_key()), as_json=as_json)


def clone(
    search_id: SearchId,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="One value of the spec, such as seed=1; repeatable.")
    ] = None,
    key: Key = None,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Queue the spec of a search again, as it is or changed."""
    patch: dict[str, Any] = {}
    for each in changes or []:
        put_in(patch, each)
    with Client(server) as client:
        queued(client.post(at(search_id, "/clone"), patch, key=key or new_key()), as_json=as_json)


def change(
    search_id: SearchId,
    workers: Annotated[int | None, typer.Option(min=1, max=MAX_WORKERS, help="Worker slots.")] = None,
    priority: Priority = None,
    label: Label = None,
    no_labels: Annotated[bool, typer.Option("--no-labels", help="Take all labels away.")] = False,
    notes: Annotated[str | None, typer.Option(help="What people should know of it, instead of what it said.")] = None,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Change how a search runs, or what is said about it; labels and notes at any time."""
    if label and no_labels:
        raise UserError("--label gives labels and --no-labels takes all away; use one of them")
    labels = [] if no_labels else label or None
    given: Mapping[str, object] = {"workers": workers, "priority": priority, "labels": labels, "notes": notes}
    body = {name: value for name, value in given.items() if value is not None}
    if not body:
        raise UserError("nothing is to be changed; give --workers, --priority, --label, --no-labels or --notes")
    with Client(server) as client:
        view = client.patch(at(search_id), body)
    say(f"changed: {', '.join(body)}", view, as_json=as_json)


def delete(
    search_id: SearchId,
    artifacts: Annotated[
        bool, typer.Option("--artifacts", help="Only what it exported, not its measurements.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Delete an ended search for good, or only what it exported."""
    what = "what it exported" if artifacts else "the search, its measurements and what it exported"
    if not yes:
        typer.confirm(f"delete {what}?", abort=True)
    with Client(server) as client:
        client.delete(at(search_id, "/artifacts" if artifacts else ""))
    Console().print("deleted")
