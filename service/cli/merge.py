"""`twinsieve merge`: an exported model with its modules in the weights that they change."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from service.cli.errors import UserError
from service.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from models.slim import SlimModel


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(merge)


def merge(
    folder: Annotated[Path, typer.Argument(help="A model that `twinsieve export` wrote.")],
    target: Annotated[Path, typer.Argument(help="Where to put the merged one; must not exist.")],
    as_json: AsJson = False,
) -> None:
    """Write an equal model without its LoRA, GenFT and PIA modules: their weights go into the network's own."""
    from models.merging import merge_folder

    try:
        with Console(stderr=True).status("merging"):
            before, after = merge_folder(folder, target)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from None
    modules = len(before.carried.by_place), len(after.carried.by_place)
    parameters = _parameters(before), _parameters(after)
    if as_json:
        print_json({"folder": target, "modules": modules, "parameters": parameters})
        return
    typer.echo(f"{target}: modules {modules[0]} -> {modules[1]}, parameters {parameters[0]:,} -> {parameters[1]:,}")


def _parameters(model: "SlimModel") -> int:
    parts = (model.backbone, model.carried, model.head)
    return sum(parameter.numel() for part in parts for parameter in part.parameters())
