"""`twinsieve submit`: a spec from a file, changed on the command line, queued."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from search.spec import SearchSpec, SpecError, load_spec, parse_spec
from service.cli.client import DEFAULT_SERVER, Client, Server
from service.cli.completion import search_ids
from service.cli.output import AsJson, print_json
from service.cli.watch import follow
from twinsieve.call import new_key

Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="A name for this submission: the same one again makes no second search."),
]
Label = Annotated[list[str] | None, typer.Option(help="A label; repeatable.")]
Priority = Annotated[int | None, typer.Option(min=-100, max=100, help="Among your own searches; higher first.")]
SeedsFrom = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="Start with the best chromosomes of this search, which has ended.",
        autocompletion=search_ids,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(submit)


def submit(
    file: Annotated[Path, typer.Argument(help="The spec, as YAML or JSON.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="One value of the spec, such as budget.candidates=48; repeatable.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay and show its progress.")] = False,
    seeds_from: SeedsFrom = None,
    label: Label = None,
    priority: Priority = None,
    key: Key = None,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Queue a search."""
    spec = changed(load_spec(file), changes or []).model_dump(mode="json", exclude_unset=True)
    with Client(server) as client:
        asked = {"seeds_from": seeds_from, "label": label or None, "priority": priority}
        search = client.post("/searches", spec, key=key or new_key(), **asked)
        if not (watch and as_json):  # the first line of a watch says it
            queued(search, as_json=as_json)
        if watch:
            follow(client, search["id"], as_json=as_json)


def queued(search: Mapping[str, Any], *, as_json: bool) -> None:
    """Say what became of a submission."""
    if as_json:
        print_json(search)
        return
    ahead = search["queue_position"]
    how = search["status"] if ahead is None else f"queued; {ahead} ahead"  # it may be one of before, under the same key
    typer.echo(f"{search['id']} {how}. See it: twinsieve watch {search['id']}")


def changed(spec: SearchSpec, changes: list[str]) -> SearchSpec:
    """`spec` with each `dotted.key=value` of `changes` (the value as YAML) put in.

    Raises:
        SpecError: a change has no such form, or the result is no spec.
    """
    data = spec.model_dump(mode="json", exclude_unset=True)
    for change in changes:
        put_in(data, change)
    return parse_spec(data)


def put_in(data: dict[str, Any], change: str) -> None:
    """Put the `dotted.key=value` of `change` into `data`.

    Raises:
        SpecError: it has no such form.
    """
    key, equals, value = change.partition("=")
    if not key or not equals:
        raise SpecError(f"--set {change!r}: expected key=value, such as budget.candidates=48")
    try:
        _put(data, key.split("."), yaml.safe_load(value))
    except yaml.YAMLError:
        raise SpecError(f"--set {change!r}: {value!r} is no YAML value") from None


def _put(data: dict[str, Any], path: list[str], value: object) -> None:
    *parents, last = path
    for parent in parents:
        inner = data.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise SpecError(f"--set {'.'.join(path)}: '{parent}' is {inner!r}, which has no parts")
        data = inner
    data[last] = value
