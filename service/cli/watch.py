"""Following a search on the terminal until it ends."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from search.generations import Generations
from service.cli.client import Client
from service.cli.exit_codes import INTERRUPTED, UNSUCCESSFUL
from service.cli.output import print_json_line
from service.domain.records import FINISHED, Status
from twinsieve.call import Call, read_json
from twinsieve.retries import PATIENT
from twinsieve.search_calls import at

POLL_INTERVAL = 1.0  # seconds
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 48

View = Mapping[str, Any]


def follow(client: Client, search_id: str, *, poll_seconds: float = POLL_INTERVAL, as_json: bool = False) -> None:
    """Show progress until the search ends; exit code 1 unless it succeeded. Ctrl-C leaves the search running."""
    console, views = Console(stderr=as_json), _views(client, search_id, poll_seconds)
    try:
        last = _in_lines(views) if as_json else _live(views, console)
    except KeyboardInterrupt:
        console.print(f"it goes on without you: twinsieve watch {search_id}")
        raise typer.Exit(INTERRUPTED) from None
    if last["status"] != Status.SUCCEEDED:
        raise typer.Exit(UNSUCCESSFUL)
    if not as_json:
        console.print(f"twinsieve show {search_id}")


def _views(client: Client, search_id: str, poll_seconds: float) -> Iterator[View]:
    """The search at every look, the last of them at its end; a restart of the service in between is waited out."""
    view = client.get(at(search_id))
    yield view
    while Status(view["status"]) not in FINISHED:
        client.wait(poll_seconds)
        view = client.send(Call(method="GET", path=at(search_id), read=read_json), retries=PATIENT)
        yield view


def _live(views: Iterable[View], console: Console) -> View:
    """Show each in place of the one before; the last."""
    view: View = {}
    best: list[float] = []
    with Live(console=console, refresh_per_second=4) as live:
        for view in views:
            if view["best"] is not None:
                best.append(view["best"]["measurement"]["accuracy"])
            live.update(render(view, best))
    return view


def _in_lines(views: Iterable[View]) -> View:
    """Print each that differs from the one before; the last."""
    last: View = {}
    for view in views:
        if view != last:
            print_json_line(view)
        last = view
    return last


def render(view: Mapping[str, Any], best: Sequence[float]) -> Group:
    """The state of a search as a few lines; `best` is the best accuracy at each look so far."""
    progress, grid = view["progress"], Table.grid(padding=(0, 2))
    grid.add_row("search", f"{escape(view['name'])}  [dim]{view['id']}[/dim]")
    grid.add_row("status", _status(view))
    if view["labels"]:
        grid.add_row("labels", escape(", ".join(view["labels"])))
    if progress["probe"] is not None:
        grid.add_row("backbone", "looked at as a whole" if progress["probe"] else "is looked at as a whole")
    if progress["budget"]:
        grid.add_row("candidates", f"{progress['told']} / {progress['budget']}{generation(view)}")
        grid.add_row("", ProgressBar(total=progress["budget"], completed=progress["told"], width=WIDTH))
    grid.add_row("finals", f"{progress['finals']} / {progress['finals_budget']} fine-tuned")
    if progress["stages"]:
        grid.add_row("stages", stages(progress["stages"]))
    if progress["reused"]:
        grid.add_row("reused", f"{progress['reused']} were measured by earlier searches")
    if view["stopped_by"] is not None:
        grid.add_row("ended by", escape(view["stopped_by"]))
    if progress["failures"]:
        grid.add_row("failures", f"[yellow]{progress['failures']}[/yellow]")
    if view["best"] is not None:
        measured = view["best"]["measurement"]
        grid.add_row("best", f"{measured['accuracy']:.4f} at {measured['macs'] / 1e6:,.1f} M MACs (proxy score)")
        grid.add_row("", sparkline(best[:: 1 + len(best) // WIDTH]))
    if view["fidelity"] is not None and progress["budget"]:
        grid.add_row("fidelity", view["fidelity"]["summary"])
    if view["error"]:
        grid.add_row("error", f"[red]{escape(view['error'])}[/red]")
    return Group(grid)


def stages(found: Mapping[str, Mapping[str, Any]]) -> str:
    """How many candidates each stage is done with, of those that came to it, and what that cost."""
    counts = [(name, each, each["told"] == each["asked"]) for name, each in found.items()]
    return ", ".join(
        f"{name} {each['told']}{'' if over else ' / ' + str(each['asked'])} ({each['seconds']:.1f} s)"
        for name, each, over in counts
    )


def generation(view: Mapping[str, Any]) -> str:
    """Which generation the next outcome belongs to, or the last did; nothing for an algorithm without generations."""
    found, progress = Generations.of(view["spec"]["algorithm"]), view["progress"]
    if found is None:
        return ""
    return f"  (generation {found.number(min(progress['told'], progress['budget'] - 1))})"


def sparkline(values: Sequence[float]) -> str:
    """`values` as one line of bars between their least and their greatest."""
    if not values:
        return ""
    low, span = min(values), (max(values) - min(values)) or 1.0
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in values)


def _status(view: Mapping[str, Any]) -> str:
    if view["queue_position"] is not None:
        soon = view["starts_in_seconds"]
        begins = "" if soon is None else f", starts in about {soon / 60:.0f} min"
        return f"queued, {view['queue_position']} ahead{begins}"
    if view["pause_requested"]:
        return f"{view['status']}, stops for a break"
    if view["eta_seconds"] is not None:
        return f"{view['status']}, about {view['eta_seconds'] / 60:.0f} min left"
    return str(view["status"])
