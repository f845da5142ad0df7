"""What can be done about a search from its page, and what the page says where that is refused."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from service.domain.records import Change, Search, Status
from tests.page.browser import Site, opened
from tests.page.rows import made

RESULT = {"chosen": 0, "artifact": "final", "utilisation": {"share": 0.9}, "fidelity": None, "reused": 0}


def press(page: Page, name: str) -> Locator:
    """Press a button of the search; the dialog that it may open."""
    page.get_by_role("group", name="What can be done").get_by_role("button", name=name).click()
    return page.get_by_role("dialog")


def new_search(page: Page, site: Site, old: str) -> Search:
    """The search that the page goes to once it is not the old one's any more."""
    page.wait_for_url(re.compile(f"#/search/(?!{old})"))
    return site.store.searches.get(page.url.rpartition("/")[2])


def test_pause_and_resume(page: Page, site: Site) -> None:
    search_id = made(site.store, status=Status.QUEUED)
    opened(page, site, f"#/search/{search_id}")
    press(page, "Pause")
    expect(page.locator(".view-head .badge")).to_have_text("paused")
    assert site.store.searches.get(search_id).status is Status.PAUSED
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    press(page, "Resume")
    expect(page.locator(".view-head .badge")).to_have_text("queued")
    assert site.store.searches.get(search_id).status is Status.QUEUED


def test_a_running_search_is_asked_and_may_change_its_mind(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=20, status=Status.RUNNING)
    opened(page, site, f"#/search/{search_id}")
    press(page, "Pause")
    expect(page.locator(".panel-progress")).to_contain_text("Taking a break")
    assert site.store.searches.get(search_id).pause_requested
    press(page, "Resume")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert not site.store.searches.get(search_id).pause_requested


def test_cancelling_asks_first(page: Page, site: Site) -> None:
    search_id = made(site.store, status=Status.QUEUED)
    opened(page, site, f"#/search/{search_id}")
    press(page, "Cancel…").get_by_role("button", name="Let it go on").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert site.store.searches.get(search_id).status is Status.QUEUED
    press(page, "Cancel…")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert site.store.searches.get(search_id).status is Status.QUEUED
    press(page, "Cancel…").get_by_role("button", name="Cancel the search").click()
    expect(page.locator(".view-head .badge")).to_have_text("cancelled")
    assert site.store.searches.get(search_id).status is Status.CANCELLED


def test_extending_makes_one_search_however_often_it_is_tried(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=40)
    opened(page, site, f"#/search/{search_id}")
    dialog = press(page, "Extend…")
    dialog.get_by_label("Proxies in all").fill("40")
    dialog.get_by_role("button", name="Queue it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("expected more than the 40")
    dialog.get_by_label("Proxies in all").fill("60")
    lost: list[Route] = []

    def lose_the_first_answer(route: Route) -> None:
        lost.append(route)
        route.fetch()
        route.abort()

    page.route("**/extend", lose_the_first_answer, times=1)
    dialog.get_by_role("button", name="Queue it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("did not answer")
    dialog.get_by_role("button", name="Queue it").click()
    made_now = new_search(page, site, search_id)
    assert len(lost) == 1
    assert (made_now.extends, made_now.spec["budget"]["candidates"]) == (search_id, 60)
    assert len(site.store.searches.page()) == 2
    page.get_by_role("link", name="Extends an earlier search").click()
    page.wait_for_url(f"**/#/search/{search_id}")


def test_cloning_with_another_seed(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=20, status=Status.FAILED)
    opened(page, site, f"#/search/{search_id}")
    expect(page.get_by_role("button", name="Extend…")).to_be_hidden()  # it would fail again
    dialog = press(page, "Clone…")
    dialog.get_by_label("Name").fill("again")
    dialog.get_by_label("Seed").fill("7")
    dialog.get_by_role("button", name="Queue it").click()
    clone = new_search(page, site, search_id)
    assert (clone.name, clone.spec["seed"], clone.status) == ("again", 7, Status.QUEUED)
    assert clone.spec["algorithm"] == site.store.searches.get(search_id).spec["algorithm"]


def test_editing_labels_notes_and_workers(page: Page, site: Site) -> None:
    search_id = made(site.store, status=Status.QUEUED, labels=["old"])
    opened(page, site, f"#/search/{search_id}")
    dialog = press(page, "Edit…")
    dialog.get_by_label(re.compile("^Labels")).fill("paper, , night run")
    dialog.get_by_label("Notes").fill("look at <i>block 3</i>")
    dialog.get_by_label("Workers").fill("5")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".view-head .chip")).to_have_text(["paper", "night run"])
    expect(page.locator(".notes")).to_have_text("look at <i>block 3</i>")
    search = site.store.searches.get(search_id)
    assert (list(search.labels), search.notes, search.slots) == (["paper", "night run"], "look at <i>block 3</i>", 5)


def test_an_edit_leaves_alone_what_somebody_else_changed_meanwhile(page: Page, site: Site) -> None:
    search_id = made(site.store, status=Status.QUEUED, labels=["old"], notes="old")
    opened(page, site, f"#/search/{search_id}")
    dialog = press(page, "Edit…")
    site.store.searches.change(search_id, Change(labels=["theirs"]))
    dialog.get_by_label("Notes").fill("mine")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".notes")).to_have_text("mine")
    dialog = press(page, "Edit…")
    site.store.searches.change(search_id, Change(notes="theirs"))
    dialog.get_by_label(re.compile("^Labels")).fill("mine")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".view-head .chip")).to_have_text("mine")
    search = site.store.searches.get(search_id)
    assert (list(search.labels), search.notes) == (["mine"], "theirs")


def test_an_edit_that_changes_nothing_asks_for_nothing(page: Page, site: Site) -> None:
    search_id = made(site.store, status=Status.QUEUED, labels=["a", "b"], notes="one\r\ntwo")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    opened(page, site, f"#/search/{search_id}")
    press(page, "Edit…").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "PATCH" not in asked


def test_a_label_that_is_refused_is_said_in_the_dialog(page: Page, site: Site) -> None:
    search_id = made(site.store, status=Status.QUEUED)
    opened(page, site, f"#/search/{search_id}")
    dialog = press(page, "Edit…")
    dialog.get_by_label(re.compile("^Labels")).fill("x" * 65)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert list(site.store.searches.get(search_id).labels) == []


def test_the_model_comes_as_a_file(page: Page, site: Site, tmp_path: Path) -> None:
    search_id = made(site.store, candidates=20, result=RESULT)
    folder = site.services.artifacts / search_id / "final"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"format": "x"}')
    opened(page, site, f"#/search/{search_id}")
    with page.expect_download() as caught:
        press(page, "Download model")
    caught.value.save_as(tmp_path / "model.zip")
    assert caught.value.suggested_filename == f"vqa-three-quarters-{search_id}.zip"
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        assert json.loads(archive.read("config.json")) == {"format": "x"}
    press(page, "Delete model…").get_by_role("button", name="Delete the model").click()
    expect(page.get_by_role("button", name="Download model")).to_be_hidden()
    assert not folder.exists()


def test_a_model_that_is_gone_is_said_to_be(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=20, result=RESULT)
    opened(page, site, f"#/search/{search_id}")
    press(page, "Download model")
    expect(page.locator("#alerts")).to_contain_text("has no exported model")


@pytest.mark.parametrize(("form", "beginning"), [("html", "<!doctype html>"), ("md", "#"), ("tex", "%")])
def test_the_report_comes_as_a_file(page: Page, site: Site, tmp_path: Path, form: str, beginning: str) -> None:
    search_id = made(site.store, candidates=20)
    opened(page, site, f"#/search/{search_id}")
    dialog = press(page, "Report…")
    dialog.get_by_label("Form").select_option(form)
    with page.expect_download() as caught:
        dialog.get_by_role("button", name="Download").click()
    caught.value.save_as(tmp_path / "report")
    assert caught.value.suggested_filename == f"vqa-three-quarters-report.{form}"
    text = (tmp_path / "report").read_text()
    assert text.lower().startswith(beginning)
    assert "vqa-three-quarters" in text


def test_deleting_leads_back_to_the_list(page: Page, site: Site) -> None:
    search_id, other = made(site.store, candidates=20), made(site.store, candidates=20, seed=1)
    opened(page, site, f"#/search/{search_id}")
    press(page, "Delete…").get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Searches")
    assert [each.id for each in site.store.searches.page()] == [other]


WHO = [("member", "anna", True), ("member", "bert", False), ("viewer", "anna", False)]


@pytest.mark.parametrize(("role", "owner", "may"), WHO)
def test_who_may_not_cannot_press(page: Page, site: Site, role: str, owner: str, may: bool) -> None:
    search_id = made(site.store, status=Status.QUEUED, owner="anna")
    me = {"owner": owner, "role": role, "key_id": None, "quota": None}
    page.route("**/v1/me", lambda route: route.fulfill(json=me))
    opened(page, site, f"#/search/{search_id}")
    button = page.get_by_role("button", name="Pause")
    expect(button).to_be_enabled() if may else expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", "" if may else "Only anna or an admin does this")
    expect(page.get_by_role("button", name="Report…")).to_be_enabled()
    clone = page.get_by_role("button", name="Clone…")
    expect(clone).to_be_disabled() if role == "viewer" else expect(clone).to_be_enabled()
