"""Links between the documents lead somewhere."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.page import ROOT, Page, every_page


def broken(page: Page, link: str) -> str | None:
    """What is wrong with a link inside the repository; None where nothing is, or it leads out of it."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
    if not target.exists():
        return f"{link}: there is no {target}"
    if parts.fragment and parts.fragment not in Page(target).anchors:
        return f"{link}: {target.name} has no heading '{parts.fragment}'; it has {', '.join(Page(target).anchors)}"
    return None


@pytest.mark.parametrize("page", every_page(), ids=str)
def test_links_resolve(page: Page) -> None:
    assert [wrong for link in page.links if (wrong := broken(page, link))] == []


def test_a_link_to_nothing_is_found(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("# One thing\n[a](gone.md) [b](#one-thing) [c](#another) ![d](x.png) [e](https://example.org/y)\n")
    page = Page(file)
    assert [link for link in page.links if broken(page, link)] == ["gone.md", "#another", "x.png"]


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or path.suffix != ".md":
            continue
        reached.add(path)
        local = [urlsplit(link).path for link in Page(path).links if not urlsplit(link).scheme]
        waiting += [(path.parent / unquote(each)).resolve() for each in local if each]
    assert {page.path for page in every_page()} - reached == set()
