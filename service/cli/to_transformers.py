"""`twinsieve transformers`: an exported ViLT for `transformers`, its LoRA for `peft`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from service.cli.errors import UserError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("transformers")(to_transformers)


def to_transformers(
    folder: Annotated[Path, typer.Argument(help="A model that `twinsieve export` wrote.")],
    target: Annotated[Path, typer.Argument(help="Where to put the folder; must not exist.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Write a ViLT so that transformers loads it; LoRA modules become an adapter of peft in a folder of it.

    The answers are the same; a dropped sub-layer of a block whose other one is kept costs as if it were there.
    """
    from models.formats.peft_adapter import ADAPTER
    from models.formats.transformers_folder import export_transformers

    try:
        with Console(stderr=True).status("writing and comparing"):
            done = export_transformers(folder, target)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from None
    if as_json:
        typer.echo(json.dumps(asdict(done) | {"folder": str(done.folder)}, indent=2))
        return
    typer.echo(f"{target}: transformers.{done.loads_as}, {done.layers} layers, logits differ by {done.difference:.1g}")
    if done.adapter:
        typer.echo(f"{target / ADAPTER}: its LoRA; without it the network is not what was fine-tuned")
