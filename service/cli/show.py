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
from service.cli.searches import SearchId
from service.cli.watch import render

KEPT, DROPPED = "█", "·"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(show)


def show(search_id: SearchId, server: Server = DEFAULT_SERVER) -> None:
    """Show a search: its state, what its winners reach on the test split, and which sub-layers they keep."""
    fidelities = [Fidelity.PLAIN, Fidelity.FINAL, Fidelity.TEST]
    with Client(server) as client:
        view = client.get(f"/searches/{search_id}")
        rows = list(client.pages(f"/searches/{search_id}/candidates", fidelity=fidelities))
    console = Console()
    console.print(render(view, []))
    winner = next((row["genome"] for row in rows if row["index"] == view["chosen"]), None)
    if tested := [row for row in rows if row["fidelity"] != Fidelity.FINAL and row["measurement"]]:
        console.print(results(tested, winner))
    best = next((row for row in tested if row["genome"] == winner), view["best"])
    if best is not None and best["architecture"] is not None:
        console.print(picture(Architecture.from_json(best["architecture"])))


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


def picture(architecture: Architecture) -> Text:
    """Two rows, self-attention and FFN, with a cell per block: filled where the sub-layer is kept."""
    cells = [KEPT if choice.keep else DROPPED for choice in architecture.choices]
    rows = [f"{name}  {' '.join(cells[place::2])}" for place, name in enumerate(("msa", "ffn"))]
    if architecture.patches is not None:
        rows.append(f"{architecture.patches.ratio:.0%} of the patches after block {architecture.patches.after_block}")
    return Text("\n".join([*rows, f"{architecture.kept} of {len(cells)} sub-layers kept"]))


def _name(row: Mapping[str, Any], winner: Sequence[int] | None) -> str:
    if row["fidelity"] == Fidelity.PLAIN:
        return "backbone as it came"
    if row["genome"] == winner:
        return "winner"
    architecture = row["architecture"]
    full = architecture is not None and Architecture.from_json(architecture).kept == len(architecture["choices"])
    return "no-skip adapters" if full else f"finalist {row['index']}"
