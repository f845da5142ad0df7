"""`Site`: the API with the page on a real port, which can go away and come back; and what a browser says of a page."""

import gc
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from service.api.app import create_app
from service.api.connections import create_server
from service.api.services import Services
from service.searches.store import Store
from service.settings import Settings
from service.storage.database import connect
from tests.service.serving import running, services_on

CHROMIUM = Path(os.environ.get("TWINSIEVE_BROWSER", "/usr/bin/chromium"))
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
SECONDS = 60.0  # for anything that a page does, on a machine that is busy with other things
WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
REFUSED = "Failed to load resource"  # what Chromium says of every answer from 400 on, and of a server that is away


class Site:
    """One installation; `start` and `stop` keep its address."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.address = ""
        self._server = ExitStack()

    @property
    def store(self) -> Store:
        """The store behind it."""
        return self.services.store

    @property
    def api(self) -> httpx.Client:
        """A client of its own, to be closed."""
        return httpx.Client(base_url=self.address, trust_env=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def start(self) -> None:
        """Serve, where it served before if it did."""
        port = urlsplit(self.address).port or 0
        server = create_server(create_app(self.services), self.services.streams, port=port)
        self.address = self._server.enter_context(running(server))

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.close()
        with warnings.catch_warnings():  # who connects in this very moment is left to the garbage collector by uvicorn
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@contextmanager
def site_in(folder: Path, template: Path) -> Iterator[Site]:
    """An empty installation in `folder`; `template` is a migrated database."""
    database = folder / "twinsieve.sqlite"
    shutil.copy(template, database)
    engine = connect(f"sqlite:///{database}")
    settings = Settings(state_dir=folder, rate_per_minute=None, poll_seconds=0.05)
    with Site(replace(services_on(Store.on(engine), folder), settings=settings)) as found:
        yield found
    engine.dispose()


@dataclass
class Complaints:
    """What a browser found wrong with our page: uncaught errors, and errors on its console."""

    found: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Note everything from now on."""
        page.on("pageerror", lambda error: self.found.append(f"uncaught: {error}"))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(REFUSED):
            self.found.append(f"console: {message.text} ({message.location.get('url')})")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = _launched(playwright)
        yield browser
        browser.close()


def _launched(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


@contextmanager
def tab(browser: Browser, complaints: Complaints, *, width: int = WIDE["width"], dark: bool = False) -> Iterator[Page]:
    """A fresh page, as somebody's first visit; `width` in pixels."""
    size = PHONE if width == PHONE["width"] else {**WIDE, "width": width}
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        accept_downloads=True,
    )
    context.set_default_timeout(1000 * SECONDS)
    try:
        yield _watched(context, complaints)
    finally:
        context.close()


def _watched(context: BrowserContext, complaints: Complaints) -> Page:
    page = context.new_page()
    complaints.watch(page)
    return page


def opened(page: Page, site: Site, view: str = "#/") -> Page:
    """`page` at a view, once that is shown."""
    return shown(page, f"{site.address}/{view}")


def shown(page: Page, address: str) -> Page:
    """`page` at an address of ours, once the view is there."""
    page.goto(address)
    page.locator("#view:not(.loading) h1").first.wait_for()
    return page
