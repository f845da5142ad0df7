"""The view of the patch filter in a real browser: what it draws, its slider, and that it decides as the filter does."""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from models.architecture import PatchKeep, PatchMode
from models.patch_filter import choose_patches, random_order
from tests.page.browser import PHONE, Complaints, Site, opened, tab
from tests.page.rows import made
from tests.service.previews import preview, write_preview

CHOOSE = Path(__file__).parents[2] / "service" / "page" / "js" / "patches" / "choose.js"
DECIDE = """async ([source, cases]) => {
  const address = `data:text/javascript,${encodeURIComponent(source)}`;
  const { choosePatches } = await import(address);
  return cases.map(([image, keep]) => choosePatches(image, keep).flatMap((each, place) => (each ? [place] : [])));
}"""
COLOURS = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const colour = data.slice(at, at + 3).join();
    found.set(colour, (found.get(colour) ?? 0) + 1);
  }
  return Math.max(...found.values()) / (data.length / 4);
}"""


def cases(count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Images and filters of every kind, with ties, and budgets that lie between two whole numbers."""
    rng = random.Random(0)
    for _ in range(count):
        patches = rng.randrange(1, 41)
        eighths = rng.random() < 0.5
        scores = [rng.randrange(-8, 9) / 8 if eighths else rng.uniform(-1, 1) for _ in range(patches)]
        covered = [rng.choice([0.0, 0.25, 0.5, 1.0]) for _ in range(patches)]
        keep = {
            "ratio": rng.choice([rng.randrange(1, 101) / 100, rng.uniform(0.01, 1), 0.5, 1.0]),
            "mode": str(rng.choice(list(PatchMode))),
            "foreground": rng.choice([None, 0.0, 0.5, 0.7, 1.0, rng.random()]),
        }
        order = random_order(torch.ones(1, patches, dtype=torch.bool))[0].tolist()
        looked = rng.random() < 0.8
        yield {"scores": scores, "foreground": covered if looked else None, "order": order}, keep


def kept(image: dict[str, Any], keep: dict[str, Any]) -> list[int]:
    """By the filter itself."""
    chosen = choose_patches(
        torch.ones(1, len(image["scores"]), dtype=torch.bool),
        keep=PatchKeep(keep["ratio"], 0, PatchMode(keep["mode"]), keep["foreground"]),
        scores=torch.tensor([image["scores"]], dtype=torch.float64),
        foreground=None if image["foreground"] is None else torch.tensor([image["foreground"]]),
    )
    places: list[int] = chosen[0].nonzero().flatten().tolist()
    return places


def test_the_page_decides_as_the_filter_does(page: Page) -> None:
    given = list(cases(3000))
    page.goto("about:blank")
    found = page.evaluate(DECIDE, [CHOOSE.read_text(), [list(case) for case in given]])
    different = [(case, one, kept(*case)) for case, one in zip(given, found, strict=True) if one != kept(*case)]
    assert different == []
    assert {len(each) for each in found} > {1, 20}


def searched(site: Site, **keep: object) -> str:
    """A search that has ended with a preview."""
    result = {"chosen": 0, "artifact": None, "patches": "patches/winner"}
    search_id = made(site.store, candidates=20, result=result)
    write_preview(site.services.artifacts / search_id / "patches" / "winner", preview(**keep))
    return search_id


def shown(page: Page, site: Site, search_id: str) -> Locator:
    """The figures of the view, once all are there."""
    opened(page, site, f"#/patches/{search_id}")
    figures = page.locator("figure")
    expect(figures).to_have_count(3)
    return figures


def one_colour(figure: Locator) -> float:
    """The share of the commonest colour of a drawing."""
    found: float = figure.locator("canvas").evaluate(COLOURS)
    return found


def test_what_the_filter_does_and_what_another_ratio_would(page: Page, site: Site) -> None:
    figures = shown(page, site, searched(site))
    said = "The winner keeps 50 % of the patches after 2 blocks: the best of foreground and of background"
    expect(page.get_by_text(said)).to_be_visible()
    first = figures.first
    expect(first).to_contain_text("18 of 36 patches kept: 9 of 9 of the foreground, 9 of 27 of the background.")
    expect(figures.nth(1)).to_contain_text("18 of 36 patches kept, by score alone: no split")
    expect(figures.nth(2)).to_have_text("18 of 36 patches kept.")
    half = one_colour(first)
    slider = page.get_by_label("Keep ratio")
    slider.fill("0.25")
    expect(page.locator("output")).to_have_text("25 %")
    expect(first).to_contain_text("9 of 36 patches kept: 6 of 9 of the foreground, 3 of 27 of the background.")
    slider.press("ArrowRight")
    expect(page.locator("output")).to_have_text("26 %")
    slider.fill("1")
    expect(first).to_contain_text("36 of 36 patches kept: 9 of 9 of the foreground, 27 of 27 of the background.")
    page.get_by_role("button", name="As found: 50 %").click()
    expect(page.locator("output")).to_have_text("50 %")
    assert one_colour(first) == half


def test_what_is_shown_can_be_chosen(page: Page, site: Site) -> None:
    figures = shown(page, site, searched(site))
    last = figures.nth(2)  # at which nobody looked
    veiled = one_colour(last)
    page.get_by_label("Dropped patches struck out").uncheck()
    assert one_colour(last) == 1.0 != veiled
    page.get_by_label("Ranks as dots").check()
    assert one_colour(last) < 1.0
    first = one_colour(figures.first)
    page.get_by_label("Foreground framed").uncheck()
    assert one_colour(figures.first) != first


def test_what_is_asked_of_an_image_is_text(page: Page, site: Site) -> None:
    figures = shown(page, site, searched(site))
    expect(figures.nth(1)).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator("figure img")).to_have_count(0)
    name = re.compile("Image 1, “what color is the circle .”: 18 of 36 patches kept")
    expect(page.get_by_role("img", name=name)).to_be_visible()


def test_a_winner_that_keeps_every_patch(page: Page, site: Site) -> None:
    figures = shown(page, site, searched(site, ratio=1.0))
    expect(page.get_by_text("The winner keeps every patch.")).to_be_visible()
    expect(figures.first).to_contain_text("36 of 36 patches kept")
    page.get_by_label("Keep ratio").fill("0.5")
    expect(figures.first).to_contain_text("18 of 36 patches kept")


def test_a_search_without_a_preview(page: Page, site: Site) -> None:
    search_id = made(site.store, candidates=20)
    opened(page, site, f"#/patches/{search_id}")
    expect(page.get_by_role("heading", name="This search has no preview of patches")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_there_for_everybody(browser: Browser, complaints: Complaints, site: Site, *, dark: bool) -> None:
    with tab(browser, complaints, dark=dark, width=PHONE["width"]) as page:
        shown(page, site, searched(site))
        found = Axe().run(page, context="#view")
        assert found.violations_count == 0, found.generate_report()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"]
