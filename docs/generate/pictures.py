"""The pictures of the documents, taken of a running service: `python -m docs.generate.pictures ADDRESS SEARCH`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).parents[1] / "pictures"
ARGUMENTS = ("--no-sandbox", "--disable-background-networking")
WIDE, HIGH, NARROW = (1280, 900), (1280, 1440), (390, 844)  # pixels; the last is a phone's
KEPT = "0.6"  # of the patches
SETTLED_MS = 4000  # events have come and plots are drawn
PATIENCE_MS = 180_000  # on a machine that is busy with other things
Theme = Literal["light", "dark"]


def take(address: str, search_id: str, folder: Path = FOLDER) -> None:
    """List, form, search, patches; in light, dark and on a phone."""
    search = f"search/{search_id}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*ARGUMENTS])
        _shoot(browser, f"{address}/#/", folder / "list.png")
        _shoot(browser, f"{address}/#/new", folder / "form.png")
        _shoot(browser, f"{address}/#/{search}", folder / "search.png", size=HIGH)
        _shoot(browser, f"{address}/#/{search}", folder / "search-dark.png", theme="dark")
        _shoot(browser, f"{address}/#/{search}", folder / "search-phone.png", size=NARROW)
        _shoot(browser, f"{address}/#/patches/{search_id}", folder / "patches.png", act=_slide)
        browser.close()


def _slide(page: Page) -> None:
    page.get_by_role("slider").fill(KEPT)


def _shoot(
    browser: Browser,
    address: str,
    file: Path,
    *,
    size: tuple[int, int] = WIDE,
    theme: Theme = "light",
    act: Callable[[Page], object] = lambda _: None,
) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    page.goto(address)
    page.wait_for_timeout(SETTLED_MS)
    act(page)
    page.screenshot(path=file, timeout=PATIENCE_MS)
    page.close()


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"), sys.argv[2])
