"""`twinsieve data`: look at a folder of data before it is used, write raw data as arrow files, judge predictions."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from service.cli.accuracy import nlvr2_accuracy, vqa_accuracy
from service.cli.errors import UserError
from service.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from models.data.check import DataReport, PartReport

EXAMINED = 200  # images of each part that `check` decodes unless told otherwise

data = typer.Typer(no_args_is_help=True, help="Check and convert VQAv2, NLVR2, Flickr30k and COCO; judge predictions.")
Folder = Annotated[Path, typer.Argument(help="Raw files, or arrow files of METER or ViLT.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    data.command("vqa-accuracy")(vqa_accuracy)
    data.command("nlvr2-accuracy")(nlvr2_accuracy)
    app.add_typer(data, name="data")


@data.command()
def check(
    folder: Folder,
    images: Annotated[
        int, typer.Option(min=0, help="How many rows of each part have their images decoded.")
    ] = EXAMINED,
    every: Annotated[bool, typer.Option("--all", help="Decode every image.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which data sets a folder holds, what is wrong with them, and what is missing; exit code 1: none is usable."""
    from models.data.check import check_folder

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bars = {}

        def report(part: str, done: int, total: int) -> None:
            if part not in bars:
                bars[part] = progress.add_task(part, total=total)
            progress.update(bars[part], completed=done)

        try:
            reports = check_folder(folder, images=None if every else images, report=report)
        except ValueError as error:
            raise UserError(str(error)) from None
    if as_json:
        print_json({"data": [found.to_json() for found in reports]})
    else:
        _print(folder, reports)
    if not any(not found.unusable for found in reports):
        raise typer.Exit(1)


@data.command()
def convert(
    folder: Annotated[Path, typer.Argument(help="Raw files of one or several data sets.")],
    to: Annotated[Path, typer.Argument(help="Where the arrow files go.")],
    skip: Annotated[bool, typer.Option("--skip", help="Leave bad examples out, and count them.")] = False,
) -> None:
    """Write raw data as arrow files, the format of METER and ViLT: they open at once."""
    from models.data.convert import convert as write
    from models.data.skips import OnError, Skips

    skips = Skips(OnError.SKIP if skip else OnError.RAISE)
    try:
        with Progress(*Progress.get_default_columns()[:1], console=Console(stderr=True)) as progress:
            bars = {}

            def report(file: Path, count: int) -> None:
                if file not in bars:
                    bars[file] = progress.add_task(file.name, total=None)
                progress.update(bars[file], description=f"{file.name}: {count} rows")

            written = write(folder, to, skips=skips, report=report)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from None
    for file, count in written.items():
        typer.echo(f"{file}: {count} rows")
    typer.echo(f"left out: {skips}" if skips.counts else str(skips))


def _print(folder: Path, reports: Sequence["DataReport"]) -> None:
    from models.data.kinds import FACTS

    console = Console()
    if not reports:
        console.print(Text(f"{folder} has none of these data sets; lay one out as"))
        for kind, facts in FACTS.items():
            console.print(Text(f"\n{kind} ({facts.task}), or {facts.stem}_*.arrow:\n{facts.layout}"))
    for found in reports:
        console.print(_table(found))
        for part in found.parts:
            for line in _remarks(part):
                console.print(Text(line, style="yellow"), soft_wrap=True)
        if found.absent:
            console.print(Text(f"not there or not whole: {', '.join(found.absent)}"), soft_wrap=True)
        for line in found.remarks:
            console.print(Text(line, style="yellow"), soft_wrap=True)
        for line in found.unusable:
            console.print(Text(f"not usable: {line}", style="red"), soft_wrap=True)
        if not found.unusable:
            console.print(Text(f"usable for {found.task}", style="green"))


def _table(found: "DataReport") -> Table:
    title = escape(f"{found.kind}, {found.format} files")
    table = Table(
        "part", "rows", "texts", "examined", "missing", "damaged", title=title, box=None, title_justify="left"
    )
    for part in found.parts:
        counts = (part.rows, part.texts, part.examined, part.missing, part.damaged)
        table.add_row(part.part, *map(str, counts))
    return table


def _remarks(part: "PartReport") -> list[str]:
    remarks = [
        f"{part.part}: {count} with {reason} (first: {part.first[reason]})" for reason, count in part.skipped.items()
    ]
    return [*remarks, *([f"{part.part}: {part.error}"] if part.error else [])]
