"""`twinsieve show`: what a search found, with the winner's chromosome as a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.architecture import Architecture
from search.contracts import Fidelity
from service.cli.client import DEFAULT_SERVER, Client, Server
from service.cli.output import AsJson, print_json
from service.cli.searches import SearchId
from service.cli.watch import render
from twinsieve.search_calls import at

KEPT, DROPPED = "█", "·"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(show)


def show(search_id: SearchId, as_json: AsJson = False, server: Server = DEFAULT_SERVER) -> None:
    """Show a search: its state, what its winners reach on the test split, and which sub-layers they keep."""
    with Client(server) as client:
        view = client.get(at(search_id))
        if as_json:
            print_json({"search": view, "finals": finals(client, search_id)})
            return
        console = Console()
        console.print(render(view, []))
        if view["notes"]:
            console.print(Text(view["notes"]))
        report(console, client, search_id)


def finals(client: Client, search_id: str) -> list[Mapping[str, Any]]:
    """The candidates behind the proxies: the backbone as it came, and what was fine-tuned and tested in the end."""
    return list(client.pages(at(search_id, "/candidates"), fidelity=[Fidelity.PLAIN, Fidelity.FINAL, Fidelity.TEST]))


def report(console: Console, client: Client, search_id: str) -> None:
    """Print what a search found so far: tested models, the best chromosome, and what the winner saves."""
    view, rows = client.get(at(search_id)), finals(client, search_id)
    winner = next((row["genome"] for row in rows if row["index"] == view["chosen"]), None)
    tested = [row for row in rows if row["fidelity"] != Fidelity.FINAL and row["measurement"]]
    if tested:
        console.print(results(tested, winner))
    found = next((row for row in tested if row["genome"] == winner), None)
    if (best := found or view["best"]) is not None and best["architecture"] is not None:
        shown = [each for each in client.get("/backbones") if each["name"] == view["spec"]["backbone"]]
        if shown and shown[0]["sub_layers"]:  # the folder may have gone since
            console.print(picture(Architecture.from_json(best["architecture"]), shown[0]["sub_layers"]))
    if found is not None:
        console.print(saving(tested, found))
    if view["utilisation"] is not None:
        console.print(f"workers scored during {view['utilisation']:.0%} of their time after start-up")


def saving(tested: Sequence[Mapping[str, Any]], found: Mapping[str, Any]) -> str:
    """What the winner costs and scores against the no-skip adapter model, in words; empty if that was not tested."""
    baselines = [row["measurement"] for row in tested if row["fidelity"] == Fidelity.TEST and _keeps_all(row)]
    if not baselines:
        return ""
    saved = 1 - found["measurement"]["macs"] / baselines[0]["macs"]
    change = 100 * (found["measurement"]["accuracy"] - baselines[0]["accuracy"])
    return f"against the no-skip adapter model: {saved:.1%} fewer MACs, {change:+.1f} points of test accuracy"


def results(rows: Sequence[Mapping[str, Any]], winner: Sequence[int] | None) -> Table:
    """Test results, one line per model."""
    table = Table("model", "accuracy", "M MACs", "parameters", "latency (ms)", box=None)
    for row in rows:
        measured = row["measurement"]
        table.add_row(
            _name(row, winner),
            f"{measured['accuracy']:.4f}",
            f"{measured['macs'] / 1e6:,.1f}",
            f"{measured['parameters']:,.0f}",
            f"{measured['latency_ms']:.2f}" if "latency_ms" in measured else "",
        )
    return table


def picture(architecture: Architecture, sub_layers: Sequence[str]) -> Text:
    """A row for each kind of sub-layer with a cell per block, filled where it is kept; stacks without a gap stay out.

    `sub_layers` are their names in gene order, such as `text.0.ca`.
    """
    rows: dict[tuple[str, str], list[str]] = {}
    for name, choice in zip(sub_layers, architecture.choices, strict=True):
        stack, _, kind = name.split(".")
        rows.setdefault((stack, kind), []).append(KEPT if choice.keep else DROPPED)
    varied = {stack for (stack, _), cells in rows.items() if DROPPED in cells} or {stack for stack, _ in rows}
    several = len({stack for stack, _ in rows}) > 1
    lines = [
        f"{f'{stack} {kind}' if several else kind:<{9 if several else 3}}  {' '.join(cells)}"
        for (stack, kind), cells in rows.items()
        if stack in varied
    ]
    if (patches := architecture.patches) is not None:
        lines.append(f"{patches.ratio:.0%} of the patches after block {patches.after_block}, {patches.mode}")
    return Text("\n".join([*lines, f"{architecture.kept} of {len(sub_layers)} sub-layers kept"]))


def _name(row: Mapping[str, Any], winner: Sequence[int] | None) -> str:
    if row["fidelity"] == Fidelity.PLAIN:
        return "backbone as it came"
    if row["genome"] == winner:
        return "winner"
    return "no-skip adapters" if _keeps_all(row) else f"finalist {row['index']}"


def _keeps_all(row: Mapping[str, Any]) -> bool:
    architecture = row["architecture"]
    return architecture is not None and Architecture.from_json(architecture).kept == len(architecture["choices"])
