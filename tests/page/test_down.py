"""A service that goes away and comes back, and one that wants a key, as somebody at a browser meets them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from service.domain.person import Role
from service.domain.records import Status
from tests.page.browser import Site, opened
from tests.page.rows import made

AWAY = "The service does not answer."


@pytest.fixture
def locked(site: Site) -> Iterator[Site]:
    """One that nobody looks at without a key."""
    settings = site.services.settings.model_copy(update={"require_keys": True})
    with Site(replace(site.services, settings=settings)) as found:
        yield found


class TestAway:
    def test_a_list_says_so_and_goes_on_by_itself(self, page: Page, site: Site) -> None:
        made(site.store, candidates=20, name="before")
        opened(page, site)
        expect(page.get_by_role("link", name="before")).to_be_visible()
        site.stop()
        expect(page.get_by_role("alert").filter(has_text=AWAY)).to_be_visible()
        expect(page.get_by_role("link", name="before")).to_be_visible()
        made(site.store, candidates=20, name="meanwhile")
        site.start()
        expect(page.get_by_role("alert").filter(has_text=AWAY)).to_be_hidden()
        expect(page.get_by_text("The service answers again.")).to_be_visible()
        expect(page.get_by_role("link", name="meanwhile")).to_be_visible()

    def test_a_view_that_was_never_shown_comes_once_the_service_is_back(self, page: Page, site: Site) -> None:
        opened(page, site, "#/new")
        site.stop()
        page.get_by_role("link", name="Searches").click()
        expect(page.get_by_role("alert").filter(has_text=AWAY)).to_be_visible()
        made(site.store, candidates=20, name="meanwhile")
        site.start()
        expect(page.get_by_role("link", name="meanwhile")).to_be_visible()

    def test_what_was_typed_is_there_and_is_submitted_once(self, page: Page, site: Site) -> None:
        opened(page, site, "#/new")
        page.get_by_label("Name", exact=True).fill("patient")
        site.stop()
        page.get_by_role("button", name="Submit search").click()
        expect(page.get_by_text("it is not known whether it took the request")).to_be_visible()
        site.start()
        expect(page.get_by_role("alert").filter(has_text=AWAY)).to_be_hidden()
        expect(page.get_by_label("Name", exact=True)).to_have_value("patient")
        page.get_by_role("button", name="Submit search").click()
        page.wait_for_url("**/#/search/*")
        with site.api as api:
            assert [each["name"] for each in api.get("/v1/searches").json()["items"]] == ["patient"]

    def test_a_submission_whose_answer_was_lost_is_not_made_again(self, page: Page, site: Site) -> None:
        opened(page, site, "#/new")
        page.route("**/v1/searches", lambda route: (route.fetch(), route.abort())[1], times=1)
        page.get_by_role("button", name="Submit search").click()
        expect(page.get_by_text("it is not known whether it took the request")).to_be_visible()
        page.get_by_role("button", name="Submit search").click()
        page.wait_for_url("**/#/search/*")
        with site.api as api:
            assert len(api.get("/v1/searches").json()["items"]) == 1

    def test_a_database_that_is_away(self, page: Page, site: Site) -> None:
        made(site.store, status=Status.QUEUED, name="waiting")
        problem = '{"type": "x", "title": "Service Unavailable", "status": 503, "detail": "the database is away"}'
        answer = {"status": 503, "headers": {"Retry-After": "1"}, "content_type": "application/problem+json"}
        page.route("**/v1/searches?*", lambda route: route.fulfill(**answer, body=problem), times=2)
        page.goto(f"{site.address}/")
        expect(page.get_by_role("alert").filter(has_text="the database is away")).to_be_visible()
        expect(page.get_by_role("link", name="waiting")).to_be_visible()
        expect(page.get_by_role("alert").filter(has_text="the database is away")).to_be_hidden()


class TestKeys:
    def test_a_good_key_opens_and_is_kept_in_the_tab(self, page: Page, locked: Site) -> None:
        made(locked.store, candidates=20, name="secret")
        key = locked.store.keys.create("anna", Role.VIEWER).key
        page.goto(f"{locked.address}/")
        dialog = page.get_by_role("dialog", name="Enter your API key")
        dialog.get_by_label("API key").fill("tws_wrong")
        dialog.get_by_role("button", name="Use this key").click()
        expect(dialog.get_by_label("API key")).to_have_value("")
        dialog.get_by_label("API key").fill(key)
        dialog.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("link", name="secret")).to_be_visible()
        expect(page.get_by_role("button", name="You are anna, viewer")).to_be_visible()
        page.reload()
        expect(page.get_by_role("link", name="secret")).to_be_visible()
        assert key not in page.content()
        assert page.evaluate("JSON.stringify(localStorage)") == "{}"

    def test_a_key_that_no_request_can_carry_is_refused_where_it_is_entered(self, page: Page, locked: Site) -> None:
        made(locked.store, candidates=20, name="secret")
        page.goto(f"{locked.address}/")
        dialog = page.get_by_role("dialog", name="Enter your API key")
        for wrong in ("tws_ключ", "tws_a b", "tws_é"):
            dialog.get_by_label("API key").fill(wrong)
            dialog.get_by_role("button", name="Use this key").click()
            expect(dialog.get_by_role("alert")).to_contain_text("only ASCII letters, digits and signs")
        assert page.evaluate("sessionStorage.length") == 0
        dialog.get_by_label("API key").fill(locked.store.keys.create("anna", Role.VIEWER).key)
        dialog.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("link", name="secret")).to_be_visible()

    def test_such_a_key_that_is_already_kept_counts_as_none(self, page: Page, locked: Site) -> None:
        page.add_init_script("sessionStorage.setItem('twinsieve-key', 'tws_ключ')")
        page.goto(f"{locked.address}/")
        expect(page.get_by_role("dialog", name="Enter your API key")).to_be_visible()

    def test_who_has_none_is_told_so(self, page: Page, locked: Site) -> None:
        page.goto(f"{locked.address}/")
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("heading", name="Unauthorized")).to_be_visible()
        page.wait_for_timeout(1600)  # as long as a refusal counts for other requests
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("dialog", name="Enter your API key")).to_be_visible()

    def test_a_viewer_is_told_why_nothing_was_submitted(self, page: Page, locked: Site) -> None:
        key = locked.store.keys.create("anna", Role.VIEWER).key
        page.goto(f"{locked.address}/#/new")
        page.get_by_role("dialog").get_by_label("API key").fill(key)
        page.get_by_role("button", name="Use this key").click()
        page.get_by_role("button", name="Submit search").click()
        expect(page.get_by_text("expected a key with the role")).to_be_visible()


def test_nothing_here(page: Page, site: Site) -> None:
    opened(page, site, "#/no/such/view")
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    page.get_by_role("link", name="All searches").click()
    expect(page.get_by_role("heading", name="Searches", exact=True)).to_be_visible()


def test_no_such_search(page: Page, site: Site) -> None:
    opened(page, site, "#/search/00000000000000000000000000")
    expect(page.get_by_role("heading", name="Not Found")).to_be_visible()
