"""From the form to a model that answers, in a browser, with real workers."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from models.slim import load_slim
from tests.end_to_end.service import SECONDS, Service
from tests.networks import random_backbone

FIELDS = {
    "Name": "from-the-form",
    "In place of what is dropped": "bottleneck:4",
    "Beside what is kept": "bottleneck:4",
    "The same in figures": "90",
    "Candidates": "10",
    "Proxy fine-tune": "4",
    "Final fine-tune": "6",
    "Finalists": "1",
    "Fitness examples": "64",
    "Batch size": "8",
    "Audited": "0",
    "Population": "5",
}


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Service]:
    random_backbone(tmp_path / "backbones" / "tiny")
    with Service(tmp_path) as service:
        yield service


def test_from_the_form_to_an_answer(page: Page, real: Service, tmp_path: Path) -> None:
    asked = real.request("GET", "/me").request.url
    page.goto(f"{asked.scheme}://{asked.netloc.decode()}/")
    page.get_by_role("link", name="Begin with the embedded world").click()
    page.get_by_label("Backbone", exact=True).select_option("tiny")
    page.get_by_label("Data", exact=True).select_option("shapes-tiny")
    for summary in ("More: how to measure", "Its settings"):
        page.get_by_text(summary).click()
    for label, value in FIELDS.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Submit search").click()
    expect(page.get_by_role("heading", name="from-the-form")).to_be_visible()
    seen = page.evaluate("performance.timeOrigin")
    expect(page.locator(".view-head .badge")).to_have_text("succeeded", timeout=1000 * SECONDS)
    assert page.evaluate("performance.timeOrigin") == seen, "the page was loaded again"
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download model").click()
    with zipfile.ZipFile(coming.value.path()) as archive:
        archive.extractall(tmp_path / "model")
    answers = load_slim(tmp_path / "model").answer(Image.new("RGB", (60, 40), "red"), "what color is the circle ?")
    assert len(answers) > 1
    page.get_by_role("link", name="Searches").first.click()
    expect(page.locator("tbody tr")).to_contain_text("10 / 10")
