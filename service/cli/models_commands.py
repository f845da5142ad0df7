"""`twinsieve predict` and `twinsieve pretrain`: they run networks here; torch is imported when one is called."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from service.cli.errors import UserError

pretrain = typer.Typer(no_args_is_help=True, help="Make backbones.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(predict)
    app.add_typer(pretrain, name="pretrain")


def predict(
    folder: Annotated[Path, typer.Argument(help="A model that `twinsieve export` wrote.")],
    image: Annotated[list[Path], typer.Option(help="A picture; NLVR2 takes two.")],
    question: Annotated[str, typer.Option(help="The question, or the statement for NLVR2.")],
    top: Annotated[int, typer.Option(min=1, help="How many answers.")] = 5,
) -> None:
    """Answer a question about a picture with an exported model."""
    from PIL import Image

    from models.slim import load_slim

    try:
        pictures = [Image.open(path).convert("RGB") for path in image]
        answers = load_slim(folder).answer(pictures, question)
    except (OSError, ValueError) as error:  # of Pillow, and of a model that is damaged or for another task
        raise UserError(str(error)) from None
    table = Table("answer", "score", box=None)
    for answer, score in answers[:top]:
        table.add_row(answer, f"{score:.3f}")
    Console().print(table)


@pretrain.command()
def shapes(
    folder: Annotated[Path, typer.Argument(help="Where the run lives; call again to go on after an interruption.")],
    steps: Annotated[int, typer.Option(min=1)] = 3000,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Pre-train the small ViLT on the embedded world."""
    from models.pretrain import PretrainingRun, Recipe

    try:
        run = PretrainingRun(folder, Recipe(seed=seed, steps=steps))
    except ValueError as error:
        raise UserError(str(error)) from None
    with Progress() as progress:
        bar = progress.add_task("pre-training", total=steps, completed=run.step)

        def report(step: int, losses: Mapping[str, float]) -> None:
            progress.update(bar, completed=step, description=f"loss {sum(losses.values()):.3f}")

        run.advance(steps, report=report)
