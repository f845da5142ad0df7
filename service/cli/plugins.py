"""`twinsieve plugins`: what other installed packages bring, and why something of theirs is left out."""

from collections.abc import Iterator, Mapping

import typer
from rich.console import Console
from rich.table import Column, Table

from models.plugins.backbone import backbone_plugins
from models.plugins.data import data_plugins
from models.plugins.installed import Found, PluginGroup
from models.plugins.task import task_plugins
from search.plugin import algorithm_plugins
from service.cli.output import AsJson, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(plugins)


def plugins(as_json: AsJson = False) -> None:
    """Show the plugins of this installation: backbones, tasks, data and algorithms of other packages."""
    rows = list(_rows())
    if as_json:
        print_json(rows)
    elif not rows:
        typer.echo("no plugins; a package brings some by entry points such as twinsieve.algorithms")
    else:
        Console().print(_table(rows))


def _rows() -> Iterator[Mapping[str, str | None]]:
    groups: Mapping[PluginGroup, Found[object]] = {
        PluginGroup.BACKBONES: backbone_plugins(),
        PluginGroup.TASKS: task_plugins(),
        PluginGroup.DATA: data_plugins(),
        PluginGroup.ALGORITHMS: algorithm_plugins(),
    }
    for group, found in groups.items():
        for name, package in found.packages.items():
            yield {"group": str(group), "name": name, "package": package, "problem": found.problems.get(name)}


def _table(rows: list[Mapping[str, str | None]]) -> Table:
    table = Table("group", "name", "package", Column("state", overflow="fold"), box=None)
    for row in rows:
        table.add_row(row["group"], row["name"], row["package"], row["problem"] or "usable")
    return table
