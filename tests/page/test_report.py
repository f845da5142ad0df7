"""The report in a browser without a network: whole, drawn, readable on a phone, in the dark and on paper."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect

from service.report.form import Form
from service.report.forms import written
from tests.page.browser import PHONE, Complaints, Site, tab
from tests.page.rows import made
from tests.service.report.hostile import report as hostile

PLOTS = ("tested", "trade-off", "progress", "kept", "audits")
INK = "() => getComputedStyle(document.querySelector('#figure-progress .xtitle')).fill"
PAPER = "() => getComputedStyle(document.body).backgroundColor"
WHITE, BLACK = "rgb(255, 255, 255)", "rgb(27, 27, 27)"


@pytest.fixture
def file(site: Site, tmp_path: Path) -> str:
    """The address of a report on this machine."""
    search_id = made(site.store, candidates=200)
    with site.api as api:
        answer = api.get(f"/v1/searches/{search_id}/report").raise_for_status()
    target = tmp_path / "report.html"
    target.write_bytes(answer.content)
    return target.as_uri()


def drawn(page: Page, address: str) -> Page:
    """`page` at a report, once all of it is drawn."""
    page.goto(address)
    for name in PLOTS:
        expect(page.locator(f"#figure-{name} svg.main-svg").first).to_be_visible()
    return page


def test_it_is_whole_without_a_network(page: Page, file: str) -> None:
    asked = list[str]()

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.context.set_offline(True)
    drawn(page, file)
    assert asked == [file]
    expect(page.get_by_role("heading", level=1)).to_have_text("vqa-three-quarters")
    expect(page.get_by_role("table", name="Models on the test split")).to_contain_text("no-skip adapters")
    assert page.locator("#figure-kept .heatmaplayer image").count() == 1
    assert page.locator("#figure-trade-off .scatterlayer .trace").first.locator(".point").count() > 150


def test_a_point_says_which_chromosome_it_is(page: Page, file: str) -> None:
    drawn(page, file)
    point = page.locator("#figure-trade-off .scatterlayer .trace").nth(1).locator(".point").first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#figure-trade-off .hoverlayer")).to_contain_text("candidate")


def test_it_follows_the_system_into_the_dark(page: Page, file: str) -> None:
    drawn(page, file)
    light = (page.evaluate(PAPER), page.evaluate(INK))
    assert light == (WHITE, BLACK)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"(before) => ({INK})() !== before", arg=BLACK)
    assert page.evaluate(PAPER) not in (WHITE, BLACK)


def test_paper_is_white_in_the_dark_too(browser: Browser, complaints: Complaints, file: str) -> None:
    with tab(browser, complaints, dark=True) as page:
        drawn(page, file)
        assert page.evaluate(INK) != BLACK
        page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
        assert (page.evaluate(PAPER), page.evaluate(INK)) == (WHITE, BLACK)
        page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(INK) != BLACK
        assert page.pdf().startswith(b"%PDF")


def test_a_phone_scrolls_down_and_not_aside(browser: Browser, complaints: Complaints, file: str) -> None:
    with tab(browser, complaints, width=PHONE["width"]) as page:
        drawn(page, file)
        assert page.evaluate("() => document.scrollingElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everybody_can_read_it(browser: Browser, complaints: Complaints, file: str, dark: bool) -> None:
    with tab(browser, complaints, dark=dark) as page:
        found = Axe().run(drawn(page, file))
        assert found.violations_count == 0, found.generate_report()


def test_names_that_would_be_scripts_are_names(page: Page, tmp_path: Path) -> None:
    target = tmp_path / "hostile.html"
    target.write_bytes(written(hostile(), Form.HTML))
    drawn(page, target.as_uri())
    page.mouse.move(400, 400)
    assert page.evaluate("() => window.caught") is None
    assert page.locator("img").count() == 0


def test_the_service_shows_it_and_lets_it_touch_nothing(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=200)
    drawn(page, f"{site.address}/v1/searches/{search_id}/report")
    assert page.evaluate("() => self.origin") == "null"
