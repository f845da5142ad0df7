"""`twinsieve onnx`: an exported model as an ONNX graph that gives the same."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from service.cli.errors import UserError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(onnx)


def onnx(
    folder: Annotated[Path, typer.Argument(help="A model that `twinsieve export` wrote.")],
    target: Annotated[Path, typer.Argument(help="Where to put model.onnx and what goes with it; must not exist.")],
    *,
    batch: Annotated[
        int, typer.Option(min=1, max=4096, help="Examples in a call; the graph knows no other number.")
    ] = 1,
    height: Annotated[
        int | None,
        typer.Option(min=1, help="Of the pictures, in pixels; by default the model's own.", show_default=False),
    ] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Likewise.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Write a model as ONNX with fixed sizes, and compare onnxruntime with it on inputs at random."""
    from models.formats.onnx_folder import GRAPH, export_onnx

    if (height is None) != (width is None):
        raise UserError("a canvas has both --height and --width, or neither")
    canvas = None if height is None or width is None else (height, width)
    try:
        with Console(stderr=True).status("tracing, translating and comparing"):
            done = export_onnx(folder, target, batch=batch, canvas=canvas)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from None
    if as_json:
        typer.echo(json.dumps(done.to_json(), indent=2))
        return
    typer.echo(
        f"{target / GRAPH}: {done.size_bytes / 1e6:,.1f} MB; logits of onnxruntime differ by at most "
        f"{done.difference:.1g}, the largest is {done.largest:.3g}"
    )
