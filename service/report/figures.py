"""The plots of a report, as plotly takes them: plain data, drawn where they are looked at.

Colours are custom properties of the page (`var(--...)`), which are of Okabe and Ito's palette and differ where the page
is dark. What a plot shows is also said in words, and stands in a table where it is few numbers.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from search.spec import Objective
from service.report.amounts import chromosome, percent
from service.report.blocks import Figure
from service.report.proxies import Proxy, evenly, front_of
from service.report.report import Report
from service.report.tested import Role, with_role

MOST_POINTS = 4000  # of a kind; a drawing of more is slow on paper and on screen
HEIGHT = 420  # pixels
ROW = 18  # pixels of a gene's row
HOVER = "%{text}<extra></extra>"
EMPTY = "No candidate is within the bounds."
CANDIDATE = {"size": 6, "color": "var(--candidate)", "opacity": 0.6}
FRONT = {"size": 8, "color": "var(--front)"}
WINNER = {"size": 12, "color": "var(--winner)", "symbol": "diamond"}
LINE = {"width": 2, "color": "var(--front)"}
ROLES = {
    Role.PLAIN: {"size": 11, "color": "var(--candidate)", "symbol": "square"},
    Role.NO_SKIP: {"size": 11, "color": "var(--front)"},
    Role.WINNER: WINNER,
    Role.FINALIST: {"size": 11, "color": "var(--winner)", "symbol": "diamond-open"},
}


def tested(report: Report) -> Figure:
    """Test accuracy against MACs, a sign for each role."""
    found = {
        role: [each for each in report.tested if each.role is role and "macs" in each.measurement] for role in Role
    }
    traces = [
        _dots(
            str(role),
            [each.measurement[Objective.MACS] / 1e6 for each in models],
            [100 * each.measurement[Objective.ACCURACY] for each in models],
            marker=ROLES[role],
            text=[each.name for each in models],
            hovertemplate=HOVER,
        )
        for role, models in found.items()
        if models
    ]
    return Figure(
        name="tested",
        caption="Test accuracy against MACs of the models in the table.",
        says="Each tested model by its MACs and its accuracy on the test split; the table has the numbers.",
        traces=traces,
        layout=_layout("MACs an example (M)", "test accuracy (%)") | {"showlegend": True},
    )


def trade_off(report: Report) -> Figure:
    """Proxy accuracy against MACs, with the front of the two and the winner."""
    costed = [each for each in report.proxies.feasible if Objective.MACS in (each.measurement or {})]
    axes = (Objective.ACCURACY, Objective.MACS)
    known = report.proxies.axes == axes
    front = sorted(report.proxies.members if known else front_of(costed, axes), key=_macs)
    winner = with_role(report.tested, Role.WINNER)
    chosen = [each for each in costed if winner is not None and each.genome == winner.genome]
    shown = evenly(costed, MOST_POINTS)
    left = "" if len(shown) == len(costed) else f" {len(shown)} of {len(costed)} are drawn."
    return Figure(
        name="trade-off",
        caption=f"Feasible candidates by proxy accuracy and MACs, and the front of the two.{left}",
        says=f"{len(costed)} candidates; {len(front)} of them are on the front of proxy accuracy and MACs.",
        traces=[
            _candidates("candidates", shown, _by_macs(shown), marker=CANDIDATE),
            _candidates("front", front, _by_macs(front), marker=FRONT, mode="lines+markers", line=LINE),
            _candidates("winner", chosen, _by_macs(chosen), marker=WINNER),
        ],
        layout=_layout("MACs an example (M)", "proxy accuracy (%)"),
    )


def progress(report: Report) -> Figure:
    """Proxy accuracy in the order in which outcomes came, and the best so far."""
    told = sorted(report.proxies.feasible, key=lambda each: each.told_order)
    best = [100 * each for each in accumulate((proxy.accuracy for proxy in told), max)]
    places = list(range(1, len(told) + 1))
    shown = evenly(list(zip(places, told, strict=True)), MOST_POINTS)
    steps = [place for place in range(len(best)) if not place or best[place] > best[place - 1]]
    ends = [*steps, len(best) - 1] if best else []
    line = _dots("best so far", [places[each] for each in ends], [best[each] for each in ends])
    return Figure(
        name="progress",
        caption="Proxy accuracy of feasible candidates as they were told, and the best so far.",
        says=f"The best rises from {best[0]:.2f} % to {best[-1]:.2f} % over {len(told)} candidates." if best else EMPTY,
        traces=[
            _candidates("candidates", [each for _, each in shown], [place for place, _ in shown], marker=CANDIDATE),
            {**line, "mode": "lines", "line": LINE | {"shape": "hv"}},
        ],
        layout=_layout("candidates told", "proxy accuracy (%)"),
    )


def kept(report: Report) -> Figure:
    """How often each layer is kept, generation by generation."""
    what = "generation" if report.proxies.generations else "part of the search"
    groups = [each for each in report.proxies.groups if len(each.kept) == len(report.layers)]
    last = sorted(zip(groups[-1].kept, report.layers, strict=True)) if groups else []
    least, most = ([name for _, name in each] for each in (last[:3], last[:-4:-1]))
    trace = {
        "type": "heatmap",
        "x": [each.number for each in groups],
        "y": list(report.layers),
        "z": [[100 * each.kept[gene] for each in groups] for gene in range(len(report.layers))],
        "zmin": 0,
        "zmax": 100,
        "colorscale": "Cividis",
        "colorbar": {"title": {"text": "kept (%)"}},
        "hovertemplate": f"%{{y}}, {what} %{{x}}: kept by %{{z:.0f}} %<extra></extra>",
    }
    layout = _layout(what, "")
    layout["yaxis"] |= {"autorange": "reversed", "type": "category", "automargin": True}
    return Figure(
        name="kept",
        caption=f"Share of the candidates that keep each layer, by {what}.",
        says=f"In the last one the layers kept least are {', '.join(least)}, those kept most {', '.join(most)}.",
        traces=[trace],
        layout=layout | {"height": max(HEIGHT, 120 + ROW * len(report.layers))},
    )


def audits(report: Report) -> Figure:
    """Scores after longer training against proxy scores."""
    trace = _dots(
        "audited",
        [100 * each.proxy for each in report.audits],
        [100 * each.audit for each in report.audits],
        marker={"size": 9, "color": "var(--winner)"},
    )
    return Figure(
        name="audits",
        caption="Audited candidates: accuracy after longer training against the proxy's, on the same split.",
        says=f"{len(report.audits)} candidates; the table above has their rank correlation.",
        traces=[trace],
        layout=_layout("proxy accuracy (%)", "accuracy after longer training (%)"),
    )


def _candidates(name: str, proxies: Sequence[Proxy], x: Sequence[float], **more: object) -> dict[str, Any]:
    labels = [f"candidate {each.index}: {percent(each.accuracy)} %<br>{chromosome(each.genome)}" for each in proxies]
    return _dots(name, x, [100 * each.accuracy for each in proxies], text=labels, hovertemplate=HOVER, **more)


def _dots(name: str, x: Sequence[float], y: Sequence[float], **more: object) -> dict[str, Any]:
    return {"type": "scatter", "mode": "markers", "name": name, "x": list(x), "y": list(y), **more}


def _layout(x: str, y: str) -> dict[str, Any]:
    return {
        "height": HEIGHT,
        "margin": {"l": 64, "r": 16, "t": 24, "b": 56},
        "xaxis": {"title": {"text": x}},
        "yaxis": {"title": {"text": y}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hovermode": "closest",
    }


def _by_macs(proxies: Sequence[Proxy]) -> list[float]:
    return [_macs(each) for each in proxies]


def _macs(proxy: Proxy) -> float:
    return 0.0 if proxy.measurement is None else proxy.measurement[Objective.MACS] / 1e6
