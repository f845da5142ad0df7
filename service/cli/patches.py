"""`twinsieve patches`: what wrong boxes do to the patch filter, true boxes to filter with, what detectors cost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from models.architecture import PatchKeep
from models.foreground.cost import HEIGHT, WIDTH, ForegroundCost, write_cost
from models.foreground.names import BOXES, SALIENCY, SHAPES_TRUTH, foreground_folders
from models.workload import TaskName
from service.cli.errors import UserError
from service.cli.output import AsJson, print_json
from service.settings import Settings

if TYPE_CHECKING:
    from models.foreground.perturb import Perturbation
    from models.foreground.provider import Box
    from models.foreground.robustness import Effect

BACKBONE = "shapes-vilt"

patches = typer.Typer(no_args_is_help=True, help="Try the image patch filter.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(patches, name="patches")


def _levels(text: str, *default: float) -> Any:  # noqa: ANN401 - as typer types its options
    shown = ", ".join(f"{level:g}" for level in default)
    return typer.Option(help=text, metavar="LEVEL", default_factory=lambda: list(default), show_default=shown)


@patches.command()
def robustness(
    *,
    examples: Annotated[int, typer.Option(min=1, max=4096, help="Of the embedded world's test split.")] = 1024,
    ratio: Annotated[float, typer.Option(help="Share of the patches that stays.")] = 0.7,
    after_block: Annotated[int, typer.Option(min=0, help="Where patches are dropped; 0 is after the embedding.")] = 1,
    beta: Annotated[float, typer.Option(help="The foreground's share of the patches that stay.")] = 0.7,
    dropped: Annotated[list[float], _levels("Chance of each box to be missed.", 0.25, 0.5)],
    shifted: Annotated[list[float], _levels("How far boxes move, in their own sizes.", 0.5, 1.0)],
    spurious: Annotated[list[float], _levels("Boxes of nothing for each true one.", 1.0, 2.0)],
    seed: Annotated[int, typer.Option(min=0, help="Of the faults.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Damage the true boxes of the embedded world; see what the filter and the shipped network make of that.

    Every level option may be given several times.
    """
    from models.foreground.perturb import Fault, Perturbation

    levels = {Fault.DROPPED: dropped, Fault.SHIFTED: shifted, Fault.SPURIOUS: spurious, Fault.NONE: (1.0,)}
    try:
        keep = PatchKeep(ratio, after_block, foreground=beta)
        faults = [Perturbation(fault, level) for fault, several in levels.items() for level in several]
        unfiltered, effects = _measured(keep, faults, examples=examples, seed=seed)
    except ValueError as error:
        raise UserError(str(error)) from None
    if as_json:
        print_json(_report(keep, examples, seed, unfiltered, effects))
    else:
        Console().print(_table(effects), _caption(examples, unfiltered), sep="\n")


def _measured(
    keep: PatchKeep, faults: "Sequence[Perturbation]", *, examples: int, seed: int
) -> "tuple[float, dict[str, Effect]]":
    """The accuracy with every patch, and the effect of each foreground by its name."""
    from models.checkpoints import load_network
    from models.foreground.robustness import Robustness
    from models.foreground.saliency import Saliency
    from models.registry import SHIPPED

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("true boxes", total=len(faults) + 3)
        measured = Robustness(load_network(SHIPPED[BACKBONE]), keep, examples=examples, seed=seed)
        unfiltered = measured.unfiltered()
        progress.advance(bar)
        effects = {"true boxes": measured.true()}
        for fault in faults:
            progress.update(bar, description=str(fault), advance=1)
            effects[str(fault)] = measured.perturbed(fault)
        progress.update(bar, description=SALIENCY, advance=1)
        effects[SALIENCY] = measured.provided(Saliency())
    return unfiltered, effects


def _table(effects: "Mapping[str, Effect]") -> Table:
    table = Table("foreground", "kept patches changed", "foreground kept", "falls back", "accuracy", box=None)
    for name, effect in effects.items():
        shares = (effect.changed, effect.recall, effect.fallbacks, effect.accuracy)
        table.add_row(name, *(f"{share:.1%}" for share in shares))
    return table


def _caption(examples: int, unfiltered: float) -> str:
    error = 100 * (unfiltered * (1 - unfiltered) / examples) ** 0.5
    return (
        f"{BACKBONE}, nothing fine-tuned, {examples:,} questions; with every patch {unfiltered:.1%}, "
        f"standard error {error:.1f} points"
    )


def _report(
    keep: PatchKeep, examples: int, seed: int, unfiltered: float, effects: "Mapping[str, Effect]"
) -> dict[str, Any]:
    settings = {"backbone": BACKBONE, "examples": examples, "seed": seed, "keep": asdict(keep)}
    figures = {name: asdict(effect) for name, effect in effects.items()}
    return settings | {"accuracy_unfiltered": unfiltered, "foregrounds": figures}


@patches.command(SHAPES_TRUTH)
def shapes_truth(
    root: Annotated[Path, typer.Argument(help="A folder of foregrounds; 'shapes-truth' becomes one of them.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the embedded world; searches use 0.")] = 0,
    examples: Annotated[int | None, typer.Option(min=1, help="The first ones of each split; by default all.")] = None,
) -> None:
    """Write the true boxes of the embedded world's images, for `foreground: shapes-truth`."""
    from models.foreground.boxes_file import write_boxes

    file = root / SHAPES_TRUTH / BOXES
    try:
        images = _true_boxes(seed, examples)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_boxes(file, images)
    except ValueError as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}") from None
    typer.echo(f"{file}: {sum(map(len, images.values())):,} boxes in {len(images):,} images")


def _true_boxes(seed: int, examples: int | None) -> "Mapping[str, Sequence[Box]]":
    from models.batch import Split
    from models.foreground.shapes_truth import true_boxes
    from models.shapes.dataset import ShapesData

    with Progress(console=Console(stderr=True), transient=True) as progress:
        parts = [(task, split) for task in TaskName for split in Split]
        named = (true_boxes(ShapesData(task, seed=seed), split, examples) for task, split in progress.track(parts))
        return dict(image for part in named for image in part)


@patches.command()
def cost(
    name: Annotated[str, typer.Argument(help="A folder with an object detector under TWINSIEVE_FOREGROUNDS.")],
    height: Annotated[int, typer.Option(min=1, help="Of the picture that MACs are counted for, in pixels.")] = HEIGHT,
    width: Annotated[int, typer.Option(min=1, help="Likewise.")] = WIDTH,
) -> None:
    """Count what a detector costs, once, so that every search that uses it reports its MACs and parameters too."""
    folders = foreground_folders(Settings().foregrounds)
    if name not in folders:
        raise UserError(f"no foreground '{name}' under TWINSIEVE_FOREGROUNDS; there: {', '.join(folders) or 'none'}")
    if (folders[name] / BOXES).is_file():
        raise UserError(f"'{name}' holds boxes found once: its {BOXES} says in itself what finding them takes")
    try:
        counted = _counted(folders[name], height, width)
        file = write_cost(folders[name], counted, height=height, width=width)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from None
    typer.echo(f"{file}: {counted.macs:,} MACs for {width}x{height} pixels, {counted.parameters:,} parameters")


def _counted(folder: Path, height: int, width: int) -> ForegroundCost:
    from models.foreground.detector import load_detector

    with Console(stderr=True).status(f"counting {folder.name}"):
        detector = load_detector(folder)
        return ForegroundCost(detector.macs(height, width), detector.parameters)
