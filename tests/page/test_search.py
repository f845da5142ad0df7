"""One search on the page: all that is known of it, and that it follows what happens without being loaded again."""

import re
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from search.contracts import Candidate, Failure
from service.domain.records import Change, Status
from tests.page.browser import Complaints, Site, opened, tab
from tests.page.dots import trace
from tests.page.rows import lease_of, made

LARGER = {"budget": {"candidates": 400}}
DRAWN = "() => [...document.querySelectorAll('.figure')].every((each) => each.querySelector('.main-svg') !== null)"


def fact(page: Page, name: str) -> str:
    """What the panel of progress says under a name."""
    term = page.locator(".panel-progress dt", has_text=re.compile(f"^{name}$"))
    return term.locator("xpath=following-sibling::dd[1]").inner_text()


def test_a_running_search_is_followed(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=200, status=Status.RUNNING, spec=LARGER)
    opened(page, site, f"#/search/{search_id}")
    page.evaluate("window.sameDocument = true")
    progress = page.locator(".panel-progress")
    expect(progress).to_contain_text("200 / 400")
    assert fact(page, "Generation") == "13 of 25"
    assert fact(page, "Time left").startswith("about ")
    expect(progress).to_contain_text("this page follows it")
    flying = site.store.candidates.page(search_id, after=199)[0].candidate
    measurement = {"accuracy": 0.999, "macs": 1e6, "parameters": 1e5, "latency_ms": 1.0}
    site.store.candidates.record_tell(lease_of(search_id), flying.index, measurement, 2.5)
    expect(progress).to_contain_text("201 / 400")
    expect(page.locator(".panel-fitness")).to_contain_text("the best has 99.9 %, by candidate 200")
    expect(page.locator(".panel-front")).to_contain_text("99.9 %")
    site.store.searches.change(search_id, Change(labels=["night run"]))
    expect(page.locator(".chip")).to_have_text("night run")
    assert page.evaluate("window.sameDocument") is True


def test_what_happened_while_the_service_was_away_is_seen(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=60, status=Status.RUNNING, spec=LARGER)
    opened(page, site, f"#/search/{search_id}")
    page.evaluate("window.sameDocument = true")
    expect(page.locator(".panel-progress")).to_contain_text("this page follows it")
    site.stop()
    expect(page.locator("#banner")).to_be_visible()
    flying = site.store.candidates.page(search_id, after=59)[0].candidate
    site.store.candidates.record_tell(lease_of(search_id), flying.index, Failure("diverged"), 1.0)
    site.start()
    expect(page.locator(".panel-progress")).to_contain_text("61 / 400")
    expect(page.locator("#banner")).to_be_hidden()
    assert page.evaluate("window.sameDocument") is True


def test_one_failure_of_the_service_does_not_end_the_following(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=60, status=Status.RUNNING, spec=LARGER)
    problem = {"type": "x", "title": "Internal Server Error", "status": 500, "detail": "something broke"}
    page.route("**/events", lambda route: route.fulfill(status=500, json=problem), times=1)
    opened(page, site, f"#/search/{search_id}")
    expect(page.locator("#alerts")).to_contain_text("something broke")
    flying = site.store.candidates.page(search_id, after=59)[0].candidate
    site.store.candidates.record_tell(lease_of(search_id), flying.index, Failure("diverged"), 1.0)
    expect(page.locator(".panel-progress")).to_contain_text("61 / 400")
    expect(page.locator(".panel-progress")).to_contain_text("this page follows it")


def test_a_page_without_its_plotting_bundle_still_has_its_tables(
    page: Page, site: Site, complaints: Complaints
) -> None:
    search_id = made(site.store, candidates=60)
    page.route("**/page/plotly.js", lambda route: route.fulfill(status=404))
    opened(page, site, f"#/search/{search_id}")
    expect(page.locator("#alerts")).to_contain_text("the plotting bundle could not be loaded")
    page.get_by_text("The front as a table").click()
    front = page.get_by_role("region", name="Candidates on the front, cheapest first")
    expect(front.get_by_role("link").first).to_be_visible()
    complaints.found.clear()  # a script that is not there


def test_the_end_is_seen(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=40, status=Status.RUNNING)
    opened(page, site, f"#/search/{search_id}")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    site.store.leases.finish(lease_of(search_id), Status.FAILED, error="every worker ran out of memory")
    expect(page.locator(".view-head .badge")).to_have_text("failed")
    expect(page.locator(".panel-progress")).to_contain_text("every worker ran out of memory")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()


def test_everything_about_a_search_that_succeeded(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=100, labels=["paper"], notes="first try\nwith <b>two</b> lines")
    opened(page, site, f"#/search/{search_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("vqa-three-quarters")
    expect(page.locator(".notes")).to_have_text("first try\nwith <b>two</b> lines")
    expect(page.locator(".panel-network svg.network .cell")).to_have_count(24)
    expect(page.locator(".panel-network")).to_contain_text("won.")
    expect(page.locator(".figures")).to_contain_text("latency")
    expect(page.locator(".panel-fidelity")).to_contain_text("Spearman")
    expect(page.locator(".panel-heat .heatmaplayer image")).to_have_count(1)
    expect(page.locator(".panel-heat")).to_contain_text("In generation 7: least often block.")
    expect(page.locator(".panel-activity svg.busy")).to_have_count(2)
    expect(page.get_by_role("link", name="Patches")).to_have_attribute("href", f"#/patches/{search_id}")
    page.get_by_text("Everything it depends on").click()
    expect(page.get_by_role("region", name="Spec as JSON")).to_contain_text('"population": 16')
    page.get_by_text("By stage").click()
    expect(page.locator(".panel-progress").get_by_role("row", name=re.compile("^audit"))).to_be_visible()


def test_failures_are_named_and_lead_to_one(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=30, status=Status.RUNNING)
    flying = site.store.candidates.page(search_id, after=29)[0].candidate
    lease = lease_of(search_id)
    site.store.candidates.record_tell(lease, flying.index, Failure("out of memory: 79 GiB of 80 GiB"), 1.0)
    opened(page, site, f"#/search/{search_id}")
    failures = page.locator(".panel-activity")
    row = failures.get_by_role("row", name=re.compile("^out-of-memory"))
    expect(row).to_contain_text("out of memory: 79 GiB of 80 GiB")
    row.get_by_role("link").click()
    expect(page.locator(".failure")).to_contain_text("out of memory: 79 GiB of 80 GiB")


def test_the_log_is_shown_as_text(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=20, status=Status.RUNNING)
    lines = ["began", "loading <script>alert(1)</script>"]
    site.store.log_tails.write(search_id, lines, driver_began_at=datetime.now(UTC))
    opened(page, site, f"#/search/{search_id}")
    expect(page.get_by_role("region", name="Log of the driver")).to_have_text("\n".join(lines))


def test_a_search_that_waits_says_so(page: Page, site: Site) -> None:
    search_id = made(site.store, status=Status.QUEUED)
    opened(page, site, f"#/search/{search_id}")
    expect(page.locator(".panel-progress")).to_contain_text("Waiting")
    expect(page.locator(".panel-front")).to_contain_text("Nothing was measured")
    lease = site.store.leases.claim()
    assert lease is not None
    site.store.candidates.record_ask(lease, Candidate(0, (1,) * 24), 0)
    site.store.candidates.record_tell(lease, 0, {"accuracy": 0.5, "macs": 1e6, "parameters": 1e5}, 1.0)
    expect(page.locator(".view-head .badge")).to_have_text("running")
    expect(page.locator(".panel-network")).to_contain_text("Candidate 0 at the proxy stage.")
    trace(page, "front", "front").first.wait_for()


def test_an_unknown_search_is_a_problem_and_no_blank_page(page: Page, site: Site) -> None:
    opened(page, site, f"#/search/{'0' * 26}")
    expect(page.get_by_role("alert").get_by_role("heading")).to_have_text("Not Found")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everybody_can_use_it(browser: Browser, site: Site, complaints: Complaints, dark: bool, width: int) -> None:
    search_id, other = made(site.store, candidates=60), made(site.store, candidates=60, seed=1)
    views = (f"#/search/{search_id}", f"#/candidate/{search_id}/3", f"#/compare?ids={search_id},{other}")
    with tab(browser, complaints, width=width, dark=dark) as page:
        for view in views:
            opened(page, site, view)
            page.wait_for_function(DRAWN)
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()
            scrolls = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            assert not scrolls, f"{view} is wider than {width} pixels"
