"""The form for a new search in a browser: defaults, the budget in context, refusals at their fields, submission."""

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from search.spec import SearchSpec
from tests.page.browser import Site, opened
from tests.page.rows import made


def field(page: Page, label: str) -> Locator:
    return page.get_by_label(label, exact=True)


def refusal(page: Page, label: str) -> Locator:
    return page.locator(".form-field", has=page.get_by_text(label, exact=True)).locator(".field-error")


def submitted(site: Site) -> list[dict[str, Any]]:
    with site.api as api:
        found: list[dict[str, Any]] = api.get("/v1/searches").json()["items"]
    return found


def spec_of(site: Site, search_id: str) -> dict[str, Any]:
    with site.api as api:
        found: dict[str, Any] = api.get(f"/v1/searches/{search_id}").json()["spec"]
    return found


def test_defaults_are_those_of_the_service(page: Page, site: Site) -> None:
    opened(page, site, "#/new")
    usual = SearchSpec()
    expect(field(page, "Backbone")).to_have_value(usual.backbone)
    expect(field(page, "Candidates")).to_have_value(str(usual.budget.candidates))
    expect(field(page, "Proxy fine-tune")).to_have_value(str(usual.proxy.steps))
    expect(field(page, "Algorithm")).to_have_value("genetic")
    expect(page.get_by_text("A generational genetic algorithm for one objective")).to_be_visible()


def test_submitted_as_it_stands(page: Page, site: Site) -> None:
    opened(page, site, "#/new")
    field(page, "Name").fill("first-light")
    field(page, "Candidates").fill("24")
    field(page, "Labels").fill("paper, try 1")
    page.get_by_role("button", name="Submit search").click()
    page.wait_for_url("**/#/search/*")
    [search] = submitted(site)
    assert page.url.endswith(search["id"])
    assert (search["name"], search["budget"], search["labels"]) == ("first-light", 24, ["paper", "try 1"])
    expected = SearchSpec.model_validate({"name": "first-light", "budget": {"candidates": 24}})
    assert spec_of(site, search["id"]) == expected.model_dump(mode="json")


def test_the_budget_in_context(page: Page, site: Site) -> None:
    opened(page, site, "#/new")
    gauge = page.get_by_role("img", name="The cheapest chromosome costs")
    expect(gauge).to_be_visible()
    expect(page.locator(".gauge-mark.is-bound")).to_contain_text("75 % of all")
    before = page.locator(".gauge-says").inner_text()
    page.get_by_label("The same in figures").fill("60")
    expect(page.locator(".gauge-mark.is-bound")).to_contain_text("60 % of all")
    expect(page.locator(".gauge-says")).not_to_have_text(before)
    expect(page.get_by_label("Share of the MACs in percent")).to_have_value("60")


def test_the_bound_as_a_count_and_as_none(page: Page, site: Site) -> None:
    opened(page, site, "#/new")
    page.locator(".bound").get_by_text("count", exact=True).click()
    count = page.get_by_label("MACs of one example")
    bound = page.locator(".gauge-mark.is-bound dd")
    expect(bound).to_contain_text("75 % of all")
    count.fill("20,000,000")
    expect(bound).to_contain_text("20 M")
    page.locator(".bound").get_by_text("none", exact=True).click()
    expect(bound).to_contain_text("none")
    expect(page.get_by_text("No bound: every chromosome may be measured.")).to_be_visible()
    page.get_by_role("button", name="Submit search").click()
    page.wait_for_url("**/#/search/*")
    budget = spec_of(site, submitted(site)[0]["id"])["budget"]
    assert (budget["macs"], budget["macs_ratio"]) == (None, None)


@pytest.mark.parametrize(
    ("label", "typed", "says"),
    [
        ("Candidates", "many", "valid integer"),
        ("Candidates", "0", "greater than or equal to 1"),
        ("In place of what is dropped", "glue:8", "glue"),
        ("Name", "../etc", "pattern"),
        ("Patch ratios", "1, 7", "less than or equal to 1"),
    ],
)
def test_a_wrong_field_says_so_beside_it(page: Page, site: Site, label: str, typed: str, says: str) -> None:
    opened(page, site, "#/new")
    field(page, label).fill(typed)
    expect(refusal(page, label)).to_contain_text(says)
    expect(field(page, label)).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Submit search").click()
    expect(field(page, label)).to_be_focused()
    assert submitted(site) == []
    field(page, label).fill("")
    expect(refusal(page, label)).to_be_hidden()
    expect(field(page, label)).to_have_attribute("aria-invalid", "false")


def test_what_only_the_whole_shows_stands_at_the_field_it_names(page: Page, site: Site) -> None:
    opened(page, site, "#/new")
    page.get_by_label("The same in figures").fill("2")
    expect(refusal(page, "Bound on MACs")).to_contain_text("the cheapest chromosome has")
    page.get_by_label("The same in figures").fill("75")
    expect(refusal(page, "Bound on MACs")).to_be_hidden()
    field(page, "Backbone").select_option("tiny")
    field(page, "Candidates").fill("300")
    expect(refusal(page, "Candidates")).to_contain_text("lower budget.candidates")


def test_settings_and_objectives_follow_the_algorithm(page: Page, site: Site) -> None:
    opened(page, site, "#/new")
    field(page, "Algorithm").select_option("nsga2")
    expect(field(page, "MACs")).to_be_checked()
    expect(page.get_by_text("nsga2 goes with these objectives: accuracy, macs")).to_be_visible()
    page.get_by_text("Its settings").click()
    field(page, "Population").fill("20")
    field(page, "Surrogate").select_option("none")
    page.get_by_role("button", name="Submit search").click()
    page.wait_for_url("**/#/search/*")
    spec = spec_of(site, submitted(site)[0]["id"])
    assert spec["objectives"] == ["accuracy", "macs"]
    chosen = {key: spec["algorithm"][key] for key in ("name", "population", "surrogate")}
    assert chosen == {"name": "nsga2", "population": 20, "surrogate": None}


def test_json_and_form_are_two_sides_of_one_spec(page: Page, site: Site) -> None:
    opened(page, site, "#/new")
    field(page, "Candidates").fill("30")
    page.get_by_role("button", name="JSON").click()
    text = page.get_by_label("Spec", exact=True)
    assert json.loads(text.input_value()) == {"budget": {"candidates": 30}}
    text.fill("{")
    expect(page.get_by_text("This is no JSON")).to_be_visible()
    text.fill('{"surprise": 1}')
    expect(page.get_by_text("surprise: Extra inputs are not permitted")).to_be_visible()
    text.fill('{"budget": {"candidates": 33}, "fidelity": {"audit": 0}}')
    page.get_by_role("button", name="Form").click()
    expect(field(page, "Candidates")).to_have_value("33")
    page.get_by_role("button", name="Submit search").click()
    page.wait_for_url("**/#/search/*")
    assert spec_of(site, submitted(site)[0]["id"])["fidelity"]["audit"] == 0


def test_a_draft_outlives_a_reload_until_it_is_thrown_away(page: Page, site: Site) -> None:
    opened(page, site, "#/new")
    field(page, "Candidates").fill("31")
    page.reload()
    expect(field(page, "Candidates")).to_have_value("31")
    page.get_by_role("button", name="Start over").click()
    expect(field(page, "Candidates")).to_have_value(str(SearchSpec().budget.candidates))


def test_like_another_search(page: Page, site: Site) -> None:
    past = made(site.store, candidates=50, name="old", labels=["paper"], spec={"seed": 7})
    opened(page, site, f"#/new?from={past}")
    expect(page.get_by_role("heading", name="New search like old")).to_be_visible()
    expect(field(page, "Seed")).to_have_value("7")
    expect(field(page, "Labels")).to_have_value("paper")
    field(page, "Seed").fill("8")
    page.get_by_role("button", name="Submit search").click()
    page.wait_for_url("**/#/search/*")
    newest = submitted(site)[0]
    assert spec_of(site, newest["id"]) == spec_of(site, past) | {"seed": 8}


def test_a_second_press_makes_no_second_search(page: Page, site: Site) -> None:
    opened(page, site, "#/new")
    page.get_by_role("button", name="Submit search").dblclick()
    page.wait_for_url("**/#/search/*")
    assert len(submitted(site)) == 1


def test_a_setting_of_the_usual_algorithm(page: Page, site: Site) -> None:
    opened(page, site, "#/new")
    page.get_by_text("Its settings").click()
    field(page, "Population").fill("6")
    expect(page.locator(".is-refused")).to_have_count(0)
    page.get_by_role("button", name="Submit search").click()
    page.wait_for_url("**/#/search/*")
    algorithm = spec_of(site, submitted(site)[0]["id"])["algorithm"]
    assert (algorithm["name"], algorithm["population"]) == ("genetic", 6)
