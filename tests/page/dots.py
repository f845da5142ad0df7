"""Dots of a plot as somebody with a pointer meets them."""

from typing import Any

from playwright.sync_api import Locator, Page


def trace(page: Page, panel: str, name: str) -> Locator:
    """The dots of the trace that the legend of a panel's plot calls `name`."""
    plot = page.locator(f".panel-{panel} .js-plotly-plot")
    plot.locator(".scatterlayer .trace").first.wait_for()
    order = plot.evaluate("(plot, name) => plot.data.findIndex((each) => each.name === name)", name)
    assert order >= 0, f"no trace {name!r} in the plot of {panel}"
    return plot.locator(".scatterlayer .trace").nth(order).locator("path.point")


def rest_on(page: Page, dot: Locator) -> tuple[float, float]:
    """Put the pointer on a dot, as a hand does; where it is then."""
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 40, y - 30)
    page.mouse.move(x, y, steps=5)
    return x, y


def indices(page: Page, panel: str, name: str) -> list[Any]:
    """Which candidates the dots of a trace are: their indices, behind the id of their search if there are several."""
    found: list[Any] = page.locator(f".panel-{panel} .js-plotly-plot").evaluate(
        "(plot, name) => plot.data.find((each) => each.name === name).customdata", name
    )
    return found
