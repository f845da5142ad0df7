"""A browser for the whole folder; for each test an installation of its own and a page on it that may not complain."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.browser import CHROMIUM, SECONDS, Complaints, Site, chromium, site_in, tab

expect.set_options(timeout=1000 * SECONDS)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip(f"no browser at {CHROMIUM}: install Chromium, or set TWINSIEVE_BROWSER to where one is")
    with chromium() as found:
        yield found


@pytest.fixture
def site(tmp_path: Path, sqlite_template: Path) -> Iterator[Site]:
    """An installation of its own."""
    with site_in(tmp_path, sqlite_template) as found:
        yield found


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What the browser finds wrong; a test that expects something takes it out."""
    found = Complaints()
    yield found
    assert found.found == []


@pytest.fixture
def page(browser: Browser, complaints: Complaints) -> Iterator[Page]:
    with tab(browser, complaints) as found:
        yield found
