"""The list of searches in a browser: what it shows, how it follows what happens, how it is filtered and sorted."""

from datetime import timedelta

from playwright.sync_api import Locator, Page, expect

from service.domain.records import Status
from tests.page.browser import Site, opened
from tests.page.rows import lease_of, made
from tests.service.asking import SPEC


def lab(site: Site) -> dict[str, str]:
    """A search of each kind, oldest first, by name."""
    store = site.store
    kinds = [
        ("done", Status.SUCCEEDED, ["paper"]),
        ("broken", Status.FAILED, []),
        ("stopped", Status.CANCELLED, []),
        ("working", Status.RUNNING, ["paper", "second look"]),
        ("waiting", Status.QUEUED, []),
    ]
    return {
        name: made(
            store,
            candidates=40,
            status=status,
            name=name,
            labels=labels,
            owner="anna" if name == "done" else "local",
            age=timedelta(hours=9 - number),
        )
        for number, (name, status, labels) in enumerate(kinds)
    }


def rows(page: Page) -> Locator:
    return page.locator("table.searches tbody tr")


def names(page: Page) -> list[str]:
    return page.locator(".search-link").all_inner_texts()


def test_empty(page: Page, site: Site) -> None:
    opened(page, site)
    expect(page.get_by_role("heading", name="Nothing was searched here yet")).to_be_visible()
    page.get_by_role("link", name="Begin with the embedded world").click()
    expect(page.get_by_role("heading", name="New search")).to_be_visible()


def test_every_state_newest_first(page: Page, site: Site) -> None:
    lab(site)
    opened(page, site)
    expect(rows(page)).to_have_count(5)
    assert names(page) == ["waiting", "working", "stopped", "broken", "done"]
    states = page.locator("tbody .badge").all_inner_texts()
    assert states == ["queued", "running", "cancelled", "failed", "succeeded"]
    done = rows(page).filter(has_text="done")
    expect(done).to_contain_text("shapes-vilt · vqa · nsga2")
    expect(done).to_contain_text("40 / 40")
    expect(done).to_contain_text("anna")
    expect(done.get_by_role("progressbar", name="Progress of done")).to_have_attribute("aria-valuenow", "40")
    expect(page.get_by_text("5 searches, 1 running")).to_be_visible()


def test_filtered_by_text_state_and_label(page: Page, site: Site) -> None:
    lab(site)
    opened(page, site)
    page.keyboard.press("/")
    page.keyboard.type("anna vqa")
    expect(rows(page)).to_have_count(1)
    assert names(page) == ["done"]
    page.get_by_role("searchbox", name="Filter").fill("")
    page.get_by_text("failed", exact=True).first.click()
    expect(page.locator(".search-link")).to_have_text(["broken"])
    page.get_by_text("all", exact=True).click()
    expect(rows(page)).to_have_count(5)
    page.get_by_role("button", name="paper").first.click()
    expect(page.locator(".search-link")).to_have_text(["working", "done"])
    page.reload()
    expect(page.locator(".search-link")).to_have_text(["working", "done"])
    page.get_by_role("button", name="Without the label paper").click()
    expect(rows(page)).to_have_count(5)


def test_nothing_is_like_that(page: Page, site: Site) -> None:
    lab(site)
    opened(page, site, "#/?text=nobody")
    expect(page.get_by_role("heading", name="No search is like that")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(rows(page)).to_have_count(5)


def test_sorted_by_a_column_and_back(page: Page, site: Site) -> None:
    lab(site)
    opened(page, site)
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".search-link").first).to_have_text("broken")
    assert names(page) == sorted(names(page))
    expect(page.get_by_role("columnheader", name="Search")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".search-link").first).to_have_text("working")
    page.reload()
    expect(page.get_by_role("columnheader", name="Search")).to_have_attribute("aria-sort", "descending")


def test_what_happens_is_seen(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=5, status=Status.RUNNING, name="working")
    opened(page, site)
    row = rows(page).filter(has_text="working")
    expect(row).to_contain_text("5 / 16")
    site.store.candidates.record_tell(lease_of(search_id), 5, {"accuracy": 0.5, "macs": 9.0}, 1.0)
    expect(row).to_contain_text("6 / 16")
    with site.api as api:
        api.post("/v1/searches", json=SPEC | {"name": "newcomer"}).raise_for_status()
    expect(page.locator(".search-link").first).to_have_text("newcomer")
    site.store.leases.finish(lease_of(search_id), Status.FAILED, error="the cluster is gone")
    expect(row.locator(".badge")).to_have_text("failed")


def test_a_deleted_search_goes(page: Page, site: Site) -> None:
    found = lab(site)
    opened(page, site)
    expect(rows(page)).to_have_count(5)
    with site.api as api:
        api.delete(f"/v1/searches/{found['broken']}").raise_for_status()
    expect(page.locator(".search-link")).to_have_text(["waiting", "working", "stopped", "done"])


def test_by_keyboard_alone(page: Page, site: Site) -> None:
    found = lab(site)
    opened(page, site)
    expect(rows(page)).to_have_count(5)
    for key in ("ArrowDown", "x", "j", "j", "x", "k"):
        page.keyboard.press(key)
    expect(page.get_by_role("link", name="working")).to_be_focused()
    expect(page.get_by_role("link", name="Compare 2")).to_be_visible()
    page.keyboard.press("c")
    expect(page).to_have_url(f"{site.address}/#/compare?ids={found['waiting']},{found['stopped']}")
    page.go_back()
    expect(rows(page)).to_have_count(5)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New search")).to_be_visible()


def test_one_alone_is_not_compared(page: Page, site: Site) -> None:
    lab(site)
    opened(page, site)
    page.get_by_role("checkbox", name="Choose done for a comparison").check()
    expect(page.get_by_text("Compare 1")).to_have_attribute("aria-disabled", "true")


def test_older_ones_come_when_asked_for(page: Page, site: Site) -> None:
    for number in range(103):
        made(site.store, status=Status.QUEUED, name=f"search-{number}", age=timedelta(minutes=number + 1))
    opened(page, site)
    expect(rows(page)).to_have_count(100)
    page.get_by_role("button", name="Fetch older searches").click()
    expect(rows(page)).to_have_count(103)
    expect(page.get_by_role("button", name="Fetch older searches")).to_have_count(0)


def test_names_are_text(page: Page, site: Site) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    made(site.store, status=Status.QUEUED, name=hostile, labels=["<b>bold</b>"])
    opened(page, site)
    expect(page.locator(".search-link")).to_have_text([hostile])
    expect(page.get_by_role("button", name="<b>bold</b>")).to_be_visible()
    assert page.locator("table.searches :is(img, b)").count() == 0
