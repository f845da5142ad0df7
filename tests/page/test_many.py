"""A search of ten thousand candidates: few answers bring it, few dots show it, and one more costs one row."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from service.domain.records import Status
from tests.page.browser import SECONDS, Site, opened
from tests.page.dots import trace
from tests.page.rows import lease_of, made

MANY = 10_000
PATIENCE_MS = 4 * 1000 * SECONDS  # a drawing of so many takes long on a machine that has no time for it
MOST_DOTS = 2_000  # of one plot, as elements of the page


@pytest.mark.timeout(1200)
def test_ten_thousand_candidates(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=MANY, status=Status.RUNNING)
    asked: list[str] = []
    page.set_default_timeout(PATIENCE_MS)
    page.on("request", lambda request: _note(request, asked))
    opened(page, site, f"#/search/{search_id}")
    assert asked[:3] == ["-1", "4999", "9999"]
    expect(page.locator(".panel-progress")).to_contain_text("10,000 / 10,000", timeout=PATIENCE_MS)
    trace(page, "front", "front").first.wait_for()
    trace(page, "fitness", "each proxy").first.wait_for()
    for panel in ("front", "fitness"):
        assert page.locator(f".panel-{panel} path.point").count() < MOST_DOTS
    expect(page.locator(".panel-front")).to_contain_text(re.compile(r"^Pareto front.*9,\d{3} measured at stage proxy"))
    columns = page.locator(".panel-heat .js-plotly-plot").evaluate("(plot) => plot.data[0].x.length")
    assert columns <= 120
    page.evaluate("window.sameDocument = true")
    before = len(asked)
    flying = site.store.candidates.page(search_id, after=MANY - 1)[0].candidate
    measurement = {"accuracy": 0.999, "macs": 1e6, "parameters": 1e5, "latency_ms": 1.0}
    site.store.candidates.record_tell(lease_of(search_id), flying.index, measurement, 1.0)
    best = f"the best has 99.9 %, by candidate {flying.index}"
    expect(page.locator(".panel-fitness")).to_contain_text(best, timeout=PATIENCE_MS)
    assert {int(each) for each in asked[before:]} <= {MANY - 1, MANY}  # never anything again
    assert page.evaluate("window.sameDocument") is True


@pytest.mark.timeout(1200)
def test_the_page_answers_while_it_draws(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=MANY, status=Status.RUNNING)
    page.set_default_timeout(PATIENCE_MS)
    opened(page, site, f"#/search/{search_id}")
    page.get_by_label("Cost", exact=True).select_option("latency_ms")
    page.get_by_role("button", name="Clone…").click()
    expect(page.get_by_role("dialog")).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    page.get_by_text("By stage").click()
    row = page.locator(".panel-progress").get_by_role("row", name=re.compile("^proxy"))
    expect(row).to_contain_text("10,000", timeout=PATIENCE_MS)
    expect(page.locator(".panel-front")).to_contain_text("latency (ms)", timeout=PATIENCE_MS)


def _note(request: Request, asked: list[str]) -> None:
    parts = urlsplit(request.url)
    if parts.path.endswith("/points"):
        asked.append(parse_qs(parts.query)["after"][0])
