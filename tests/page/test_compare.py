"""Several searches beside each other."""

from datetime import timedelta

from playwright.sync_api import Browser, Page, expect

from service.domain.records import Status
from tests.page.browser import PHONE, Complaints, Site, opened, tab
from tests.page.dots import indices, rest_on, trace
from tests.page.rows import lease_of, made


def test_two_searches_in_one_picture(page: Page, site: Site) -> None:
    first = made(site.store, candidates=60, spec={"name": "first"})
    second = made(site.store, candidates=80, seed=3, spec={"name": "second"}, age=timedelta(hours=2))
    opened(page, site, f"#/compare?ids={first},{second}")
    for panel in ("front", "fitness"):
        plot = page.locator(f".panel-{panel} .js-plotly-plot")
        plot.locator(".scatterlayer .trace").first.wait_for()
        assert plot.evaluate("(plot) => plot.data.map((each) => each.name)") == ["first", "second"]
    looks = page.locator(".panel-front .js-plotly-plot").evaluate(
        "(plot) => plot.data.map((each) => [each.marker.symbol, each.line.dash, each.marker.color])"
    )
    assert all(one != other for one, other in zip(*looks, strict=True))  # not by colour alone
    table = page.get_by_role("region", name="What each found and what it cost")
    expect(table.get_by_role("row", name="proxies")).to_contain_text("60 of 60")
    expect(table.get_by_role("row", name="proxies")).to_contain_text("80 of 80")
    differ = page.get_by_role("region", name="Keys of the specs that differ")
    assert differ.get_by_role("row").all_inner_texts() == [
        "key\tfirst\tsecond",
        "budget.candidates\t60\t80",
        "seed\t0\t3",
    ]
    expect(page.locator(".warning")).to_be_hidden()


def test_they_are_chosen_in_the_list_on_a_phone_too(browser: Browser, complaints: Complaints, site: Site) -> None:
    for seed in (1, 2):
        made(site.store, candidates=20, seed=seed, spec={"name": f"seed-{seed}"})
    with tab(browser, complaints, width=PHONE["width"]) as page:
        opened(page, site)
        for seed in (1, 2):
            page.get_by_label(f"Choose seed-{seed} for a comparison").check()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        page.get_by_role("link", name="Compare 2").click()
        expect(page.get_by_role("region", name="Keys of the specs that differ")).to_contain_text("seed-2")


def test_a_dot_leads_to_the_candidate_of_its_search(page: Page, site: Site) -> None:
    first, second = (made(site.store, candidates=40, seed=seed, spec={"name": f"seed-{seed}"}) for seed in (1, 2))
    opened(page, site, f"#/compare?ids={first},{second}")
    dots = trace(page, "front", "seed-2")
    dots.first.wait_for()
    index = indices(page, "front", "seed-2")[0]
    page.mouse.click(*rest_on(page, dots.first))
    page.wait_for_url(f"**/#/candidate/{second}/{index[1]}")


def test_searches_are_added_and_left_out(page: Page, site: Site) -> None:
    first, second = (made(site.store, candidates=20, seed=seed) for seed in (1, 2))
    opened(page, site, "#/compare")
    expect(page.locator("#view")).to_contain_text("Choose the searches to compare.")
    page.get_by_label("Add a search").select_option(first)
    page.wait_for_url(f"**/#/compare?ids={first}")
    page.get_by_label("Add a search").select_option(second)
    page.wait_for_url(f"**/#/compare?ids={first},{second}")
    chips = page.locator(".chooser .chip")
    expect(chips).to_have_count(2)
    expect(chips.first).to_contain_text(f"({first[-4:]})")  # they have one name
    chips.first.get_by_role("button").click()
    page.wait_for_url(f"**/#/compare?ids={second}")
    expect(chips).to_have_count(1)


def test_what_measures_different_things_is_not_to_be_ranked(page: Page, site: Site) -> None:
    first = made(site.store, candidates=20)
    second = made(site.store, candidates=20, seed=1, spec={"task": "nlvr2"})
    opened(page, site, f"#/compare?ids={first},{second}")
    expect(page.locator(".warning")).to_contain_text("differ in task")


def test_a_search_that_goes_on_is_followed(page: Page, site: Site) -> None:
    ended = made(site.store, candidates=20)
    search_id = made(site.store, candidates=20, status=Status.RUNNING, seed=1)
    opened(page, site, f"#/compare?ids={ended},{search_id}")
    row = page.get_by_role("region", name="What each found and what it cost").get_by_role("row", name="best accuracy")
    expect(row).not_to_contain_text("99.9 %")
    flying = site.store.candidates.page(search_id, after=19)[0].candidate
    lease = lease_of(search_id)
    site.store.candidates.record_tell(lease, flying.index, {"accuracy": 0.999, "macs": 1e6, "parameters": 1e5}, 1.0)
    site.store.candidates.record_front(lease, [flying.index])
    expect(row).to_contain_text("99.9 %")
