"""`twinsieve recipes`: the settings of the published methods, as tables or one in full."""

from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.table import Column, Table

from models.recipe import Recipe, RecipeError
from models.recipes import RECIPES, recipe
from service.cli.errors import UserError
from service.cli.output import AsJson, print_json

COLUMNS = ("learning_rate", "head_multiplier", "cross_multiplier", "batch", "image_size", "text_tokens", "epochs")
SHORT = ("lr", "head x", "cross x", "batch", "px", "text", "epochs")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(recipes)


def recipes(
    name: Annotated[str | None, typer.Argument(help="A recipe; without one, a table of all.")] = None,
    task: Annotated[str | None, typer.Argument(help="Its task; without one, a table of the recipe.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="setting=value (YAML), such as batch=64; several times.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the published methods' training and search settings; one recipe for one task as YAML, with changes."""
    try:
        if task is None:
            if changes:
                raise UserError("--set changes one recipe for one task: give NAME and TASK")
            _show([name] if name else [*RECIPES], as_json=as_json)
        else:
            found = recipe(str(name), task, **_settings(changes or []))
            if as_json:
                print_json(found)
            else:
                typer.echo(_in_full(found), nl=False)
    except RecipeError as error:
        raise UserError(str(error)) from None


def _show(names: list[str], *, as_json: bool) -> None:
    for name in names:
        if name not in RECIPES:
            raise UserError(f"no recipe '{name}'; there are {', '.join(RECIPES)}")
    if as_json:
        print_json({name: RECIPES[name] for name in names})
    else:
        Console().print(_table(names))


def _table(names: list[str]) -> Table:
    table = Table(Column("recipe", overflow="fold"), "task", *SHORT, Column("losses", overflow="fold"), box=None)
    sources: dict[str, str] = {}
    for name in names:
        for task, found in RECIPES[name].items():
            numbers = (f"{getattr(found, column):.3g}" for column in COLUMNS)
            table.add_row(name, str(task), *numbers, " + ".join(found.losses))
            sources.setdefault(found.source, name)
    table.caption = "\n".join(f"{name}: {source}" for source, name in sources.items())
    table.caption_justify = "left"
    return table


def _in_full(found: Recipe) -> str:
    text: str = yaml.safe_dump(found.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    return text


def _settings(changes: list[str]) -> dict[str, Any]:
    """`setting=value` of each change, a setting of a part as `part.setting=value`."""
    settings: dict[str, Any] = {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not key or not equals:
            raise UserError(f"--set {change!r}: expected setting=value, such as batch=64")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            raise UserError(f"--set {change!r}: {text!r} is no YAML value") from None
        part, dot, inner = key.partition(".")
        before = settings.get(part)
        settings[part] = {**(before if isinstance(before, dict) else {}), inner: value} if dot else value
    return settings
