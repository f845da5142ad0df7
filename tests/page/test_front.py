"""The front of a search: what it shows, hovered and clicked, and the page of the candidate that this leads to."""

import re
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page, expect

from service.domain.records import Status
from tests.page.browser import Site, opened
from tests.page.dots import indices, rest_on, trace
from tests.page.rows import made


def front(items: Sequence[dict[str, Any]], cost: str) -> list[int]:
    """Indices of the proxies that no other beats, from the cheapest to the dearest; said once more, in Python."""
    measured = [each for each in items if each["fidelity"] == "proxy" and each["measurement"] is not None]
    found, best = list[int](), 0.0
    for each in sorted(measured, key=lambda item: (item["measurement"][cost], -item["measurement"]["accuracy"])):
        if each["measurement"]["accuracy"] > best:
            best = each["measurement"]["accuracy"]
            found.append(each["index"])
    return found


def candidates(site: Site, search_id: str) -> Sequence[dict[str, Any]]:
    with site.api as api:
        found: Sequence[dict[str, Any]] = api.get(f"/v1/searches/{search_id}/candidates?limit=200").json()["items"]
    return found


def test_the_front_is_that_of_the_measurements(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=120)
    opened(page, site, f"#/search/{search_id}")
    trace(page, "front", "front").first.wait_for()
    items = candidates(site, search_id)
    assert indices(page, "front", "front") == front(items, "macs")
    page.get_by_label("Cost", exact=True).select_option("latency_ms")
    expect(page.locator(".panel-front")).to_contain_text("latency (ms)")
    page.wait_for_function(
        "(want) => JSON.stringify(document.querySelector('.panel-front .js-plotly-plot').data"
        ".find((each) => each.name === 'front').customdata) === want",
        arg=str(front(items, "latency_ms")).replace(" ", ""),
    )
    page.get_by_text("The front as a table").click()
    listed = page.get_by_role("region", name="Candidates on the front, cheapest first").get_by_role("link")
    assert [int(each) for each in listed.all_text_contents()] == front(items, "latency_ms")


def test_who_rests_on_a_dot_reads_its_chromosome_and_who_clicks_opens_it(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=60)
    opened(page, site, f"#/search/{search_id}")
    dots = trace(page, "front", "front")
    dots.first.wait_for()
    index = indices(page, "front", "front")[0]
    x, y = rest_on(page, dots.first)
    label = page.locator(".panel-front .hoverlayer .hovertext")
    expect(label).to_contain_text(f"candidate {index}")
    expect(label).to_contain_text(re.compile(r"keeps \d+ of 24"))
    expect(label).to_contain_text(re.compile("[■□]{2} [■□]{2}"))
    page.mouse.click(x, y)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Candidate {index}")
    assert page.url.endswith(f"#/candidate/{search_id}/{index}")


def test_other_stages_have_fronts_of_their_own(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=60)
    opened(page, site, f"#/search/{search_id}")
    stages = page.get_by_label("Stage", exact=True)
    expect(stages).to_have_value("proxy")
    stages.select_option("final")
    expect(page.locator(".panel-front")).to_contain_text("measured at stage final fine-tune")


def test_the_page_of_a_candidate_says_what_it_is(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=60)
    item = next(each for each in candidates(site, search_id) if each["fidelity"] == "final")
    opened(page, site, f"#/candidate/{search_id}/{item['index']}")
    kept = sum(item["genome"])
    drawing = page.locator("svg.network")
    expect(drawing).to_have_attribute("aria-label", re.compile(f"^keeps {kept} of 24 sub-layers"))
    expect(drawing.locator("rect.kept")).to_have_count(kept)
    expect(drawing.locator("rect.dropped")).to_have_count(24 - kept)
    accuracy = page.locator(".panel-measured").get_by_role("row", name=re.compile("^accuracy"))
    expect(accuracy).to_contain_text(f"{100 * item['measurement']['accuracy']:.1f} %")
    stages = page.locator(".panel-elsewhere")
    expect(stages.get_by_role("row", name=re.compile(r"^\d+ test split"))).to_have_count(1)
    page.get_by_role("link", name="After →").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Candidate {item['index'] + 1}")


def test_a_failed_candidate_says_why(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=120)
    item = next(each for each in candidates(site, search_id) if each["failure"] is not None)
    opened(page, site, f"#/candidate/{search_id}/{item['index']}")
    expect(page.locator(".failure")).to_have_text(f"Failed: {item['failure']}")


def test_a_candidate_that_was_not_asked_is_a_problem_and_no_blank_page(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=20, status=Status.CANCELLED)
    for index in ("999", "-1", "abc"):
        opened(page, site, f"#/candidate/{search_id}/{index}")
        expect(page.get_by_role("alert").get_by_role("heading")).to_have_text("No such candidate")


def test_a_backbone_that_is_gone_leaves_the_measurements(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=30)
    page.route("**/v1/backbones", lambda route: route.fulfill(json=[]))
    opened(page, site, f"#/candidate/{search_id}/0")
    expect(page.locator(".panel-network")).to_contain_text("not registered here")
    expect(page.locator(".panel-measured")).to_contain_text("Scoring")
