"""How searches and candidates look in a notebook: HTML without scripts or styles of its own."""

from collections.abc import Mapping, Sequence
from html import escape

from twinsieve.candidate import Candidate
from twinsieve.search_state import SearchState

SHOWN = 20  # candidates; a longer table says how many more there are


def search_html(state: SearchState) -> str:
    """A search as a table of two columns."""
    done = state.progress
    lines = {
        "search": f"{escape(state.name)} <code>{escape(state.id)}</code>",
        "status": escape(state.status if state.error is None else f"{state.status}: {state.error}"),
        "candidates": f"{_bar(done.told, done.budget)} {done.told} of {done.budget}",
        "labels": escape(", ".join(state.labels)),
        "best": "" if state.best is None else _measured(state.best),
    }
    if state.eta_seconds is not None:
        lines["left"] = f"about {state.eta_seconds / 60:.0f} min"
    return _table({name: text for name, text in lines.items() if text})


def candidates_html(found: Sequence[Candidate]) -> str:
    """Candidates as a table, the first ones."""
    names = list(dict.fromkeys(name for each in found for name in each.measurement or {}))
    head = "".join(f"<th>{escape(name)}</th>" for name in ("index", "fidelity", *names, "failure"))
    body = "".join(f"<tr>{_cells(each, names)}</tr>" for each in found[:SHOWN])
    more = f"<caption>and {len(found) - SHOWN} more</caption>" if len(found) > SHOWN else ""
    return f"<table>{more}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(candidate: Candidate, names: Sequence[str]) -> str:
    measured = candidate.measurement or {}
    numbers = [f"{measured[name]:.6g}" if name in measured else "" for name in names]
    return "".join(
        f"<td>{escape(str(cell))}</td>"
        for cell in (candidate.index, candidate.fidelity, *numbers, candidate.failure or "")
    )


def _measured(best: Candidate) -> str:
    shown = [f"{name} {value:.6g}" for name, value in (best.measurement or {}).items() if name in ("accuracy", "macs")]
    return escape(f"candidate {best.index}: {', '.join(shown)}")


def _bar(done: int, of: int) -> str:
    return f'<progress value="{done}" max="{max(of, 1)}" aria-label="candidates"></progress>'


def _table(lines: Mapping[str, str]) -> str:
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{text}</td></tr>' for name, text in lines.items())
    return f"<table>{rows}</table>"
