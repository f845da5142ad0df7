"""Who cannot see, point or tell colours apart: axe's rules on every view, light, dark and on a phone; the shell."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from service.domain.records import Status
from tests.page.browser import PHONE, WIDE, Complaints, Site, opened, shown, site_in, tab
from tests.page.rows import made

LOOKS = [("light", WIDE["width"], False), ("dark", WIDE["width"], True), ("phone", PHONE["width"], False)]
LIGHT, DARK = "rgb(246, 246, 242)", "rgb(19, 23, 26)"  # behind everything
VIEWS = ["list", "empty", "new", "json", "refused", "search", "candidate", "compare", "missing"]


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Mapping[str, str]]:
    """Where each view is, on an installation with searches in four states, and on one with none."""
    filled, empty = tmp_path_factory.mktemp("filled"), tmp_path_factory.mktemp("empty")
    with site_in(filled, sqlite_template) as site, site_in(empty, sqlite_template) as other:
        ended, failed, *_rest = [
            made(site.store, candidates=60, status=status, name=f"search-{status}", labels=["paper"])
            for status in (Status.SUCCEEDED, Status.FAILED, Status.RUNNING, Status.QUEUED)
        ]
        views = {
            "list": "#/",
            "search": f"#/search/{ended}",
            "candidate": f"#/candidate/{ended}/3",
            "compare": f"#/compare?ids={ended},{failed}",
            "missing": "#/nowhere",
        }
        yield {view: f"{site.address}/{views.get(view, '#/new')}" for view in VIEWS} | {"empty": f"{other.address}/#/"}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("width", "dark"), [each[1:] for each in LOOKS], ids=[each[0] for each in LOOKS])
def test_axe_finds_nothing(
    browser: Browser, complaints: Complaints, addresses: Mapping[str, str], view: str, width: int, dark: bool
) -> None:
    with tab(browser, complaints, width=width, dark=dark) as page:
        shown(page, addresses[view])
        if view == "json":
            page.get_by_role("button", name="JSON").click()
        if view == "refused":
            page.get_by_label("Candidates", exact=True).fill("none")
            expect(page.locator(".is-refused")).to_have_count(1)
        page.wait_for_timeout(300)  # colours that fade
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"


def test_colours_follow_the_system_until_somebody_chooses(page: Page, site: Site) -> None:
    opened(page, site)
    expect(page.locator("body")).to_have_css("background-color", LIGHT)
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", DARK)
    page.get_by_role("button", name="Switch to light colours").click()
    expect(page.locator("body")).to_have_css("background-color", LIGHT)
    page.reload()
    expect(page.get_by_role("button", name="Switch to dark colours")).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", LIGHT)
    page.keyboard.press("t")
    expect(page.locator("body")).to_have_css("background-color", DARK)
    assert page.evaluate("localStorage.length") == 0, "it follows the system again"


def test_the_first_tab_leads_to_the_content(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.locator("#view:not(.loading) h1").wait_for()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    assert page.url.rstrip("#/") == site.address


def test_who_listens_hears_where_they_are(page: Page, site: Site) -> None:
    opened(page, site)
    page.get_by_role("link", name="New search").first.click()
    expect(page.get_by_role("heading", name="New search")).to_be_focused()
    expect(page).to_have_title("New search · Twinsieve")
    expect(page.get_by_role("navigation").get_by_role("link", name="New search")).to_have_attribute(
        "aria-current", "page"
    )


def test_nothing_comes_from_elsewhere(page: Page, site: Site) -> None:
    """It works where there is no network but that of the lab."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    search = made(site.store, candidates=60)
    opened(page, site, f"#/search/{search}")
    page.wait_for_timeout(500)
    assert [url for url in asked if not url.startswith((site.address, "blob:", "data:"))] == []
    assert len(asked) > 10


def test_no_script_builds_markup_from_text() -> None:
    """What a user wrote must never become a tag."""
    folder = Path(__file__).parents[2] / "service" / "page" / "js"
    scripts = list(folder.rglob("*.js"))
    assert len(scripts) > 20
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"):
        assert [script.name for script in scripts if word in script.read_text()] == [], word
