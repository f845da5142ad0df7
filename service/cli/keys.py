"""`twinsieve keys`: API keys, made in the database itself, so that somebody can have the first one."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from service.cli.output import AsJson, print_json
from service.domain.person import Role
from service.settings import Settings
from service.storage.clock import utc_now

if TYPE_CHECKING:
    from service.people.keys import KeyRecord, Keys

StateDir = Annotated[
    Path | None, typer.Option(help="As `twinsieve serve` was given, where no database address is set.")
]
NEVER = 0  # days

commands = typer.Typer(no_args_is_help=True, help="API keys; works on the database, so on the machine that serves.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands.command()(create)
    commands.command("ls")(list_keys)
    commands.command()(revoke)
    app.add_typer(commands, name="keys")


def create(
    owner: Annotated[str, typer.Argument(help="Whose key; searches belong to owners.")],
    role: Annotated[Role, typer.Option(help="viewer: looks; member: also runs searches; admin: everything.")],
    label: Annotated[str, typer.Option(help="What the key is for, to tell an owner's keys apart.")] = "",
    days: Annotated[int, typer.Option(min=NEVER, max=36_499, help="Until it expires; 0: never.")] = 365,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Make a key, and print it: the only time that anybody sees it."""
    expires_at = None if days == NEVER else utc_now() + timedelta(days=days)
    new = _keys(state_dir).create(owner, role, label=label, expires_at=expires_at)
    typer.echo(f"key {new.record.id} of {owner}, {role}, expires {_day(expires_at) or 'never'}:", err=True)
    if as_json:
        print_json({"key": new.key, "record": asdict(new.record)})
    else:
        typer.echo(new.key)
    typer.echo("keep it in TWINSIEVE_API_KEY; it is stored nowhere and cannot be shown again", err=True)


def list_keys(
    owner: Annotated[str | None, typer.Option(help="Only keys of this owner.")] = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """List keys, oldest first, revoked and expired ones too."""
    found = list(_listed(_keys(state_dir), owner))
    if as_json:
        print_json([asdict(each) | {"state": _state(each)} for each in found])
        return
    table = Table(
        Column("id", no_wrap=True), "owner", "role", "label", "state", "created", "expires", "last used", box=None
    )
    for each in found:
        table.add_row(*_cells(each))
    Console().print(table)


def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `twinsieve keys ls` shows it.")],
    state_dir: StateDir = None,
) -> None:
    """Take a key back: from now on it is refused."""
    record = _keys(state_dir).revoke(key_id)
    typer.echo(f"key {record.id} of {record.owner} is revoked")


def _keys(state_dir: Path | None) -> "Keys":
    from service.cli.composition import open_store  # with all that drives searches, which takes a second to load

    settings = Settings() if state_dir is None else Settings(state_dir=state_dir)
    return open_store(settings).keys


def _listed(keys: "Keys", owner: str | None) -> "Iterator[KeyRecord]":
    after = None
    while found := keys.listed(owner, after=after):
        yield from found
        after = found[-1].id


def _cells(key: "KeyRecord") -> tuple[str, ...]:
    times = (key.created_at, key.expires_at, key.last_used_at)
    return (
        key.id,
        escape(key.owner),
        key.role,
        escape(key.label),
        _state(key),
        *(_day(each) or "never" for each in times),
    )


def _state(key: "KeyRecord") -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= utc_now() else "valid"


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"
