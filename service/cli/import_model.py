"""`twinsieve import`: a checkpoint of others as a registered backbone, and what of it matched."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from models.plugins.installed import NAME
from models.registry import BackboneRegistry
from service.cli.errors import UserError
from service.settings import Settings

if TYPE_CHECKING:
    from models.importing import ImportCheck

HEADS_HELP = "Attention heads{}, where the checkpoint does not say; by default 64 numbers each."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_model)


def import_model(
    source: Annotated[
        Path, typer.Argument(help="A folder of transformers (ViLT), or a file of the original ViLT or METER.")
    ],
    name: Annotated[str, typer.Argument(help="What specs call it.")],
    *,
    backbones: Annotated[
        Path | None, typer.Option(help="Where backbones lie; by default TWINSIEVE_BACKBONES.", show_default=False)
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(help="A tokenizer.json, or a folder with one; by default that of the source.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(help="JSON: the names of the VQA head's answers, a list in the order of label ids.")
    ] = None,
    heads: Annotated[int | None, typer.Option(min=1, help=HEADS_HELP.format(""))] = None,
    vision_heads: Annotated[
        int | None, typer.Option(min=1, help=HEADS_HELP.format(" of METER's image encoder"))
    ] = None,
    language_heads: Annotated[
        int | None, typer.Option(min=1, help=HEADS_HELP.format(" of METER's text encoder"))
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(min=1, help="Side in pixels of the images a METER is to read, if another.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only check; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Read a checkpoint, compare it with the library it came from where that is here, and register it as a backbone.

    No code of it is run: a .ckpt is read by an unpickler that imports nothing of what it names and calls only what
    makes tensors, a pytorch_model.bin by torch's own, which calls nothing but what torch's allow-list has.
    """
    from models.formats.original_meter import Heads
    from models.importing import Wanted, import_backbone

    root = backbones or Settings().backbones
    target = _free(name, root)
    known = Heads(heads, vision_heads, language_heads)
    wanted = Wanted(heads=known, image_size=image_size, tokenizer=tokenizer, answers=answers)
    try:
        with Console(stderr=True).status(f"reading {escape(source.name)}"):
            found = import_backbone(source, None if check else target, wanted)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from None
    if as_json:
        folder = None if check else str(target)
        typer.echo(json.dumps({"name": name, "folder": folder} | found.to_json(), indent=2))
    else:
        _show(found, f"checked only: nothing was written for '{name}'" if check else f"{target}: backbone '{name}'")


def _free(name: str, root: Path | None) -> Path:
    """The folder of a new backbone.

    Raises:
        UserError: there is no root, or the name is taken or none.
    """
    if not re.fullmatch(NAME, name):
        raise UserError(f"a backbone's name has up to 64 letters, digits, dots, dashes and underscores, not {name!r}")
    if root is None:
        raise UserError("there is no folder of backbones: set TWINSIEVE_BACKBONES, or give --backbones")
    if name in BackboneRegistry(root).names():
        raise UserError(f"a backbone '{name}' is registered; give another name, so that nothing is overwritten")
    return root / name


def _show(found: "ImportCheck", ending: str) -> None:
    console = Console()
    table = Table(box=None, show_header=False)
    used = found.tensors - len(found.dropped)
    table.add_row("kind", found.kind)
    table.add_row("tensors", f"{used} of {found.tensors} used, none missing")
    if found.dropped:
        table.add_row("not needed", escape(", ".join(found.dropped)))
    table.add_row("parameters", f"{found.parameters:,}")
    table.add_row("sizes", ", ".join(f"{size} {value}" for size, value in found.sizes.items()))
    names = "with names" if found.named else "by label id"
    table.add_row("heads", ", ".join(found.heads) or "none")
    table.add_row("answers", f"{found.answers}, {names}" if found.answers else "none")
    table.add_row("tokenizer", "none" if found.tokens is None else f"{found.tokens:,} tokens")
    if found.difference is not None:
        table.add_row("against transformers", f"pooled features differ by at most {found.difference:.1g}")
    console.print(table)
    for note in found.notes:
        console.print(Text(f"note: {note}", style="yellow"), soft_wrap=True)
    console.print(Text(ending), soft_wrap=True)
