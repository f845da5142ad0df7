"""A browser for the whole folder; for each test an installation of its own and a page on it that may not complain."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from service.searches.store import Store
from service.settings import Settings
from service.storage.database import connect, upgrade
from tests.page.browser import CHROMIUM, SECONDS, Complaints, Site, chromium, tab
from tests.service.serving import services_on

expect.set_options(timeout=1000 * SECONDS)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip(f"no browser at {CHROMIUM}: install Chromium, or set TWINSIEVE_BROWSER to where one is")
    with chromium() as found:
        yield found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    engine = connect(f"sqlite:///{tmp_path / 'twinsieve.sqlite'}")
    upgrade(engine)
    yield Store.on(engine)
    engine.dispose()


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Iterator[Site]:
    settings = Settings(state_dir=tmp_path, rate_per_minute=None, poll_seconds=0.05)
    with Site(replace(services_on(store, tmp_path), settings=settings)) as found:
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
