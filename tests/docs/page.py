"""`Page`: a document of this project as its tests see it: the blocks that a reader runs, links, headings."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
EXCUSE = re.compile(r"\(Not run by the tests: (?P<reason>[^()]+?)\.?\)\Z")
"""How a page says, before a block and for its readers to see, why nobody has tried it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block. ```` ```yaml spec.yaml ```` is a file that readers save under that name before they go on."""

    language: str  # empty where the page does not say
    file: str | None
    text: str
    line: int  # of its first line in the page, from 1
    excuse: str | None  # why it is not run


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path.name)

    @property
    def blocks(self) -> Sequence[Block]:
        """Its fenced blocks from top to bottom."""
        return [self._block(place) for place, token in enumerate(self._tokens) if token.type == "fence"]

    @property
    def links(self) -> Iterator[str]:
        """Where its links and pictures lead."""
        for token in self._tokens:
            for child in token.children or ():
                if target := child.attrGet("href") or child.attrGet("src"):
                    yield str(target)

    @property
    def anchors(self) -> Sequence[str]:
        """What a link may have behind its `#`: a heading as GitHub writes it, with a number where it comes again."""
        seen = Counter[str]()
        found = []
        for heading, text in pairwise(self._tokens):
            if heading.type == "heading_open":
                slug = re.sub(r"[^\w\- ]", "", text.content.lower()).replace(" ", "-")
                found.append(slug if not seen[slug] else f"{slug}-{seen[slug]}")
                seen[slug] += 1
        return found

    @cached_property
    def _tokens(self) -> Sequence[Token]:
        return MarkdownIt().enable("table").parse(self.path.read_text(encoding="utf-8"))

    def _block(self, place: int) -> Block:
        token = self._tokens[place]
        language, _, file = token.info.strip().partition(" ")
        assert token.map is not None
        return Block(
            language=language,
            file=file.strip() or None,
            text=token.content,
            line=token.map[0] + 2,
            excuse=self._excuse(place),
        )

    def _excuse(self, place: int) -> str | None:
        """The reason that the paragraph right before a block ends with."""
        before = self._tokens[max(place - 2, 0)]
        found = EXCUSE.search(" ".join(before.content.split())) if before.type == "inline" else None
        return None if found is None else found["reason"]


def every_page() -> list[Page]:
    """Each document of this repository but licences."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docker").glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [Page(file) for file in sorted(files)]


def pages_to_follow() -> list[Page]:
    """README and what people read in `docs/`; the reference comes from the code, and the examples have own tests."""
    docs = ROOT / "docs"
    apart = (docs / "reference", docs / "examples")
    followed = [page for page in every_page() if page.path == ROOT / "README.md" or page.path.is_relative_to(docs)]
    return [page for page in followed if not any(page.path.is_relative_to(each) for each in apart)]
