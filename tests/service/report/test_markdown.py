"""Markdown that shows text as it is, held against a parser of Markdown."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from service.report.blocks import Document, Items, Section, Table
from service.report.document import document
from service.report.markdown import escaped, markdown
from service.report.report import Report
from service.report.text import flat
from tests.service.report.hostile import HOSTILE, report, texts
from tests.service.report.made_source import made

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
PLAIN = {"text", "text_special"}


def shown(inline: Token) -> str:
    """What a reader sees of a piece of text, which holds nothing but text."""
    assert {each.type for each in inline.children or ()} <= PLAIN
    return "".join(each.content for each in inline.children or ())


def cells(tokens: Sequence[Token]) -> Iterator[list[str]]:
    """The rows of the tables, cell by cell."""
    row = list[str]()
    for before, each in pairwise(tokens):
        if before.type in ("td_open", "th_open"):
            row.append(shown(each))
        if each.type == "tr_close":
            yield row
            row = []


@given(texts)
def test_a_paragraph_is_its_text(text: str) -> None:
    tokens = READER.parse(escaped(text))
    if not flat(text):
        assert tokens == []
        return
    assert [each.type for each in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert shown(tokens[1]) == flat(text)


@given(texts, texts, texts)
def test_cells_items_and_headings_are_their_text(first: str, second: str, third: str) -> None:
    table = Table(name="t", caption="c", head=["a", "b"], rows=[[first, second], [second, third]], words=1)
    blocks = (table, Items([f"x{third}", f"y{first}"]))
    written = markdown(Document(title=f"x{first}", sections=[Section(name="s", title=f"y{second}", blocks=blocks)]))
    tokens = READER.parse(written)
    headings = [shown(each) for before, each in pairwise(tokens) if before.type == "heading_open"]
    assert headings == [flat(f"x{first}"), flat(f"y{second}")]
    assert list(cells(tokens)) == [["a", "b"], [flat(first), flat(second)], [flat(second), flat(third)]]
    assert sum(each.type == "list_item_open" for each in tokens) == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_becomes_a_link(text: str) -> None:
    written = escaped(text)
    assert "http://" not in written
    assert "www." not in written
    assert not re.search(r"(?<!\\)@", written)


def test_a_hostile_report_has_the_tables_and_headings_of_any_other() -> None:
    tokens = READER.parse(markdown(document(report())))
    kinds = [each.type for each in tokens]
    assert kinds.count("table_open") == 10
    assert [each.tag for each in tokens if each.type == "heading_open"] == ["h1", *["h2"] * 8]
    assert not {"html_block", "fence", "code_block", "hr", "blockquote_open", "ordered_list_open"} & set(kinds)
    inner = {each.type for found in tokens for each in found.children or ()}
    assert not {"link_open", "image", "html_inline"} & inner


def test_numbers_stand_to_the_right() -> None:
    lines = markdown(document(Report.of(made()))).splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("| model | kept |"))
    assert lines[head + 1] == "| :-- | --: | --: | --: | --: | --: | --: | --: | --: |"
    assert lines[head + 4] == "| winner | 16 | 78.00 | 77.50 | \u22121.50 | \u221235.00 | 13.00 | 0.60 | 4.50 |"
