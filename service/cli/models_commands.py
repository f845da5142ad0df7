"""`twinsieve predict` and `twinsieve pretrain`: they run networks here; torch is imported when one is called."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from models.workload import TaskName
from service.cli.errors import UserError
from service.cli.output import AsJson, print_json
from service.settings import Settings
from twinsieve.loading import load

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class SmallBackbone(StrEnum):
    """The networks that the embedded world has weights of."""

    VILT = "vilt"
    METER = "meter"


pretrain = typer.Typer(no_args_is_help=True, help="Make backbones.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(predict)
    app.add_typer(pretrain, name="pretrain")


def predict(
    folder: Annotated[Path, typer.Argument(help="A model that `twinsieve export` wrote.")],
    image: Annotated[list[Path], typer.Option(help="A picture; NLVR2 takes two.")],
    text: Annotated[
        list[str],
        typer.Option("--question", "--text", help="The question, the statement for NLVR2, or a text for retrieval."),
    ],
    top: Annotated[int, typer.Option(min=1, help="How many answers.")] = 5,
    fallback: Annotated[
        bool, typer.Option("--fallback", help="Keep patches by score where the foreground cannot be told.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a question about a picture, judge a statement, or rank texts, with an exported model."""
    try:
        with Console(stderr=True).status("loading the model"):
            model = load(folder, foregrounds=Settings().foregrounds)
        if model.task == TaskName.RETRIEVAL and len(text) < 2:
            raise UserError("a model for retrieval ranks texts: give --text at least twice")
        answers = model.predict(image, text, top=top, fallback=fallback)
    except (OSError, ValueError) as error:  # a model that is damaged or for another task, a file that is no picture
        raise UserError(str(error)) from None
    if unknown := [word for each in text for word in unknown_words(model.slim.tokenizer, each)]:
        warning = f"warning: words this model does not know: {', '.join(unknown)}"
        Console(stderr=True).print(Text(warning, style="yellow"), soft_wrap=True)
    if as_json:
        print_json([{"answer": answer, "score": score} for answer, score in answers])
        return
    table = Table("answer", "score", box=None)
    for answer, score in answers:
        table.add_row(escape(answer), f"{score:.3f}")
    Console().print(table)


def unknown_words(tokenizer: "Tokenizer", text: str) -> list[str]:
    """The parts of `text` that its tokenizer can only say `[UNK]` for."""
    encoded, unknown = tokenizer.encode(text), tokenizer.token_to_id("[UNK]")
    places = zip(encoded.ids, encoded.offsets, strict=True)
    return [text[start:end] for token, (start, end) in places if token == unknown]


@pretrain.command()
def shapes(
    folder: Annotated[Path, typer.Argument(help="Where the backbone goes; call again after an interruption.")],
    backbone: Annotated[SmallBackbone, typer.Option(help="Which network.")] = SmallBackbone.VILT,
    steps: Annotated[int | None, typer.Option(min=1, help="Fewer or more than the weights that ship took.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    judged: Annotated[int | None, typer.Option(min=1, help="State accuracies on so many examples, not on all.")] = None,
) -> None:
    """Pre-train a small network on the embedded world; a folder under TWINSIEVE_BACKBONES is a registered backbone."""
    from models.shapes.pretrain import STEPS, Recipe, pretrain_shapes

    recipe = Recipe(backbone=backbone, seed=seed, steps=steps or STEPS[backbone])
    try:
        with Progress() as progress:
            bar = progress.add_task("pre-training", total=recipe.steps)

            def report(step: int, losses: Mapping[str, float]) -> None:
                ended = step == recipe.steps
                doing = "measuring accuracies" if ended else f"loss {sum(losses.values()):.3f}"
                progress.update(bar, completed=step, description=doing)

            counts = None if judged is None else dict.fromkeys(TaskName, judged)
            pretrain_shapes(folder, recipe, report=report, judged=counts)
    except (OSError, ValueError, FloatingPointError) as error:
        raise UserError(str(error)) from None
    typer.echo(f"{folder}: a backbone; its accuracies are in config.json")
