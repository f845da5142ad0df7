"""`twinsieve quotas`: what owners may use, said in the database itself."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console
from rich.table import Table

from service.cli.errors import UserError
from service.cli.keys import StateDir
from service.cli.output import AsJson, print_json
from service.domain.person import check_owner
from service.domain.quota import LEAST_WEIGHT, MOST, NAMES, Given
from service.settings import Settings

if TYPE_CHECKING:
    from service.people.quotas import Quotas

commands = typer.Typer(no_args_is_help=True, help="Quotas of owners; works on the database, so where it is served.")

Owner = Annotated[str, typer.Argument(help="Whose quota.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands.command()(show)
    commands.command("set")(set_quota)
    app.add_typer(commands, name="quotas")


def show(
    owner: Annotated[
        str | None, typer.Argument(help="One owner; without, everybody of whom something is said.")
    ] = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Show what owners may use; a star is the installation's setting, as nothing else is said."""
    quotas = _quotas(state_dir)
    if owner is not None:
        check_owner(owner)
    owners = [owner] if owner is not None else _owners(quotas)
    if as_json:
        found = [{"owner": each, **asdict(quotas.of(each)), "given": [*quotas.given(each)]} for each in owners]
        print_json(found)
        return
    table = Table("owner", *NAMES, box=None)
    for each in owners:
        table.add_row(each, *_cells(quotas, each))
    Console().print(table)


def set_quota(
    owner: Owner,
    queued: Annotated[int | None, typer.Option(min=0, max=MOST, help="Searches that wait.")] = None,
    running: Annotated[int | None, typer.Option(min=0, max=MOST, help="Searches at once.")] = None,
    candidates: Annotated[int | None, typer.Option(min=0, max=MOST, help="Of one search.")] = None,
    gpu_hours: Annotated[float | None, typer.Option(min=0, help="Of scoring, in searches of the last 30 days.")] = None,
    weight: Annotated[
        float | None, typer.Option(min=LEAST_WEIGHT, help="Of the slots where several owners want them; 1 by default.")
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="First leave everything to the installation's settings.")
    ] = False,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Change what an owner may use; what is not named stays."""
    options = {"queued": queued, "running": running, "candidates": candidates, "gpu_hours": gpu_hours, "weight": weight}
    changes = {name: value for name, value in options.items() if value is not None}
    if not changes and not reset:
        raise UserError(f"nothing to set: give one of --{', --'.join(NAMES).replace('_', '-')}, or --reset")
    quotas = _quotas(state_dir)
    before = Given() if reset else quotas.given(owner)
    quotas.set(owner, **cast(Given, {**before, **changes}))
    show(owner, as_json=as_json, state_dir=state_dir)


def _quotas(state_dir: Path | None) -> "Quotas":
    from service.cli.composition import open_store  # with all that drives searches, which takes a second to load

    settings = Settings() if state_dir is None else Settings(state_dir=state_dir)
    return open_store(settings).quotas


def _owners(quotas: "Quotas") -> list[str]:
    owners: list[str] = []
    while found := quotas.listed(after=owners[-1] if owners else ""):
        owners += [owner for owner, _ in found]
    return owners


def _cells(quotas: "Quotas", owner: str) -> list[str]:
    given, quota = quotas.given(owner), asdict(quotas.of(owner))
    shown = {name: "unlimited" if quota[name] is None else f"{quota[name]:g}" for name in NAMES}
    return [shown[name] if name in given else f"{shown[name]} *" for name in NAMES]
