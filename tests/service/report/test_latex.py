"""LaTeX that sets text as it is, held against a reader of the commands that may stand in text."""

import re

import pytest
from hypothesis import given

from service.report.blocks import Document, Paragraph, Section, Table
from service.report.document import document
from service.report.latex import ESCAPES, escaped, latex
from service.report.report import Report
from service.report.text import flat
from tests.service.report.hostile import HOSTILE, report, texts
from tests.service.report.made_source import made

READ = {written: chr(code) for code, written in ESCAPES.items()}
KNOWN = re.compile("|".join(map(re.escape, sorted(READ, key=len, reverse=True))))
SPECIAL = frozenset(r"\{}$&#^_~%[]*")
ROW = re.compile(r"(?<!\\)&")


def shown(text: str) -> str:
    """What TeX sets of `text`.

    Raises:
        AssertionError: something in it is a command that nobody meant, or would run into its neighbour.
    """
    found, place = "", 0
    while place < len(text):
        if (known := KNOWN.match(text, place)) is not None:
            found, place = found + READ[known.group()], known.end()
            continue
        character = text[place]
        assert character not in SPECIAL, f"{text[place - 10 : place + 10]!r} has a bare {character!r}"
        found, place = found + character, place + 1
        if character in "-,'":
            assert not text.startswith(character, place), f"two of {character!r} are set as one"
            place += 2 if text.startswith("{}", place) else 0
    return found


@given(texts)
def test_text_is_set_as_it_is(text: str) -> None:
    assert shown(escaped(text)) == flat(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_command_gets_in(text: str) -> None:
    assert not re.search(r"\\(input|write|[\[\\])", escaped(text))


@given(texts, texts)
def test_a_row_has_its_cells_whatever_they_say(first: str, second: str) -> None:
    table = Table(name="t", caption=second, head=["a", "b"], rows=[[first, second]], words=1)
    written = latex(Document(title="t", sections=[Section(name="s", title="s", blocks=[table])]))
    (row,) = re.findall(r"(?m)^    (.*) \\\\$", written)[1:]
    assert [shown(each.strip()) for each in ROW.split(row)] == [flat(first), flat(second)]


@pytest.mark.parametrize("found", [Report.of(made()), report()], ids=["made", "hostile"])
def test_everything_that_begins_ends(found: Report) -> None:
    written = latex(document(found))
    begun = re.findall(r"\\begin\{(\w+)\}", written)
    assert sorted(begun) == sorted(re.findall(r"\\end\{(\w+)\}", written))
    depth = 0
    for each in re.findall(r"(?<!\\)[{}]", written.replace(r"\\", "")):
        depth += 1 if each == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert len(re.findall(r"(?<!\\)%", written)) == 3  # our own comment


def test_tables_for_a_paper() -> None:
    written = latex(document(Report.of(made())))
    assert r"winner & 16 & 78.00 & 77.50 & $-$1.50 & $-$35.00 & 13.00 & 0.60 & 4.50 \\" in written
    assert r"\begin{tabular}{@{}lrrrrrrrr@{}}" in written
    assert r"\label{tab:baselines}" in written
    assert written.count(r"\begin{longtable}") == 1  # the settings, which are many


def test_plots_are_left_out() -> None:
    section = Section(name="s", title="s", blocks=[Paragraph("before"), *document(Report.of(made())).figures])
    assert latex(Document(title="t", sections=[section])).endswith("\nbefore\n")
